"""Every served call is one of Proxmox's, takes the parameters that Proxmox documents in their types, and refuses others as Proxmox does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from ruamel.yaml import YAML

from provisioner.lab.proxmox.calls import Route
from provisioner.lab.proxmox.parameters import UNDEFINED, Kind
from provisioner.lab.proxmox.served import ROUTES
from tests.unit.lab_proxmox.lab_server import NODE, TIMEOUT_SECONDS, running, shared_data

Schema = Mapping[str, Mapping[str, Mapping[str, object]]]
_INSIDE = {
    "node": NODE,
    "vmid": "100",
    "pos": "0",
    "userid": "root@pam",
    "poolid": "x",
    "iface": "vmbr0",
    "storage": "local",
    "volume": "local:iso%2Fx.iso",
}
_ROUTES = [route for route in ROUTES if route.path not in ("", "/")]
_NAMES = [f"{route.method} {route.path}" for route in _ROUTES]
_NOT_TAKEN = Path(__file__).with_name("not_taken.yml")


@pytest.fixture(scope="module")
def schema() -> Schema:
    found: Schema = json.loads((shared_data() / "pve-api-schema.json").read_text())
    return found


@pytest.fixture(scope="module")
def not_taken() -> Sequence[Mapping[str, Mapping[str, Sequence[str]]]]:
    found: Sequence[Mapping[str, Mapping[str, Sequence[str]]]] = YAML(typ="safe").load(_NOT_TAKEN.read_text())
    return found


@dataclass(frozen=True, slots=True)
class Client:
    """One connection to a server, as root's token."""

    url: str
    session: requests.Session


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running(tmp_path_factory.mktemp("schema") / "lab", NODE) as lab, lab.session() as session:
        yield Client(lab.server.url, session)


def _documented(schema: Schema, route: Route) -> Mapping[str, Mapping[str, object]]:
    parameters = schema[route.path][route.method]["parameters"]
    properties = parameters.get("properties", {}) if isinstance(parameters, dict) else {}
    assert isinstance(properties, dict)
    return properties


@pytest.mark.parametrize("route", _ROUTES, ids=_NAMES)
def test_a_served_call_is_in_the_schema(route: Route, schema: Schema) -> None:
    assert route.method in schema.get(route.path, {})


@pytest.mark.parametrize("route", _ROUTES, ids=_NAMES)
def test_its_parameters_are_documented_in_name_and_type(route: Route, schema: Schema) -> None:
    documented = _documented(schema, route)
    wrong = [name for name, one in route.parameters.items() if documented.get(name, {}).get("type") != one.kind.value]

    assert wrong == []


@pytest.mark.parametrize("route", _ROUTES, ids=_NAMES)
def test_it_takes_every_documented_parameter_but_the_listed_ones(
    route: Route, schema: Schema, not_taken: Sequence[Mapping[str, Mapping[str, Sequence[str]]]]
) -> None:
    listed = [name for group in not_taken for name in group["calls"].get(f"{route.method} {route.path}", ())]
    missing = sorted(name for name in _documented(schema, route) if name not in route.parameters)

    assert missing == sorted(listed)


def _call(client: Client, route: Route, given: Mapping[str, str]) -> requests.Response:
    path = re.sub(r"\{([^}]+)\}", lambda found: _INSIDE.get(found[1], "xx"), route.path)
    url = f"{client.url}/api2/json{path}"
    if route.method in ("POST", "PUT"):
        return client.session.request(route.method, url, data=given, timeout=TIMEOUT_SECONDS)
    return client.session.request(route.method, url, params=given, timeout=TIMEOUT_SECONDS)


@pytest.mark.parametrize("route", _ROUTES, ids=_NAMES)
def test_it_refuses_unknown_and_ill_typed_parameters(route: Route, client: Client) -> None:
    kinds = {name: one.kind for name, one in route.parameters.items() if f"{{{name}}}" not in route.path and "[" not in name}
    typed = {name: kind for name, kind in kinds.items() if kind is not Kind.STRING}

    answer = _call(client, route, {"bogus": "1", **dict.fromkeys(typed, "x")})

    assert (answer.status_code, answer.reason) == (400, "Parameter verification failed.")
    errors = answer.json()["errors"]
    assert errors["bogus"] == UNDEFINED
    assert {name: errors.get(name) for name in typed} == {
        name: f"type check ('{kind.value}') failed - got 'x'" for name, kind in typed.items()
    }
