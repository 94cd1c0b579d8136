"""The plan as Ansible's variables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from provisioner.adapters import ansible
from provisioner.adapters.ansible.inputs import hosts
from provisioner.adapters.ansible.program import artifact, registry
from provisioner.errors import FindingError
from provisioner.load import load
from provisioner.places import CHECKOUT, SitePlaces
from provisioner.plan import Plan, build

NOW = datetime(2026, 11, 25, tzinfo=UTC)
KEY = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="  # from wg(8)
PROXY = ("ip", "netns", "exec", "a", "nc", "%h", "%p")


def _plan(site: str) -> Plan:
    return build(load(CHECKOUT / "inventory"), site)


def _inventory(folder: Path, site: str = "kedougou", peers: Mapping[str, str] | None = None) -> Mapping[str, object]:
    return ansible.prepare(_plan(site), SitePlaces(folder), peers=peers or {}, proxy=PROXY, now=NOW)


@pytest.mark.parametrize("site", ["kedougou", "dahra", "hub-dakar", "ess-thies", "bargny", "sefrou", "pole-sud-est"])
def test_every_variable_is_one_that_a_role_of_the_guest_takes(tmp_path: Path, site: str) -> None:
    for variables in hosts(_inventory(tmp_path, site)).values():
        roles = ("base", "node_exporter", str(variables["guest_role"]))
        taken = {name for role in roles for name in yaml.safe_load((CHECKOUT / f"roles/{role}/defaults/main.yml").read_text())}

        assert {name for name in variables if not name.startswith(("ansible_", "guest_"))} <= taken


def test_no_private_key_is_in_the_variables(tmp_path: Path) -> None:
    assert "PRIVATE KEY" not in json.dumps(_inventory(tmp_path))


def test_the_same_plan_gives_the_same_inventory_and_inputs(tmp_path: Path) -> None:
    first, second = _inventory(tmp_path), _inventory(tmp_path)

    assert first == second
    assert ansible.inputs(first, "recettes") == ansible.inputs(second, "recettes")


def test_a_peer_that_became_known_changes_the_gateways_inputs_alone(tmp_path: Path) -> None:
    before, after = _inventory(tmp_path), _inventory(tmp_path, peers={"kedougou-fibre-hub-dakar": KEY})

    differing = {name for name in hosts(before) if ansible.inputs(before, name) != ansible.inputs(after, name)}
    assert differing == {"gateway"}


def test_a_hub_takes_each_centre_as_a_peer_and_calls_none(tmp_path: Path) -> None:
    inventory = _inventory(tmp_path, "hub-dakar", {"kedougou-fibre-hub-dakar": KEY})

    tunnels = hosts(inventory)["gateway"]["gateway_tunnels"]
    assert isinstance(tunnels, list)
    assert [(tunnel["interface"], tunnel["port"]) for tunnel in tunnels] == [("wg-fibre", 51820)]
    assert tunnels[0]["addresses"][0] == "10.64.30.1/32"
    assert {"10.65.30.1/31", "10.65.14.1/31"} < set(tunnels[0]["addresses"])
    assert tunnels[0]["peers"] == [
        {"tunnel": "kedougou-fibre-hub-dakar", "public_key": KEY, "endpoint": "", "allowed": ["10.65.0.0/20"], "keepalive": 0}
    ]


def test_a_field_agent_is_a_peer_once_he_is_enrolled(tmp_path: Path) -> None:
    plan = _plan("sefrou")
    access = plan.access[0]
    enrolled = replace(access, agents=(replace(access.agents[0], public_key=KEY), *access.agents[1:]))
    inventory = ansible.prepare(replace(plan, access=(enrolled,)), SitePlaces(tmp_path), peers={}, proxy=PROXY, now=NOW)

    assert hosts(inventory)["gateway"]["gateway_tunnels"] == [
        {
            "interface": "wg-field",
            "port": 51830,
            "addresses": ["10.193.137.1/24"],
            "peers": [{"tunnel": "agent-1", "public_key": KEY, "endpoint": "", "allowed": ["10.193.137.101/32"], "keepalive": 0}],
        }
    ]


def test_the_registry_is_the_same_archive_each_time(tmp_path: Path) -> None:
    assert registry(tmp_path / "a").file.read_bytes() == registry(tmp_path / "b").file.read_bytes()


def test_an_artifact_is_taken_only_with_its_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERANGA_INVENTORY", str(tmp_path))
    (tmp_path / "given").write_bytes(b"program")
    service = replace(_plan("kedougou").services[0], artifact="given", artifact_sha256=sha256(b"program").hexdigest())

    taken = artifact(service)
    assert taken is not None
    assert taken.file == tmp_path / "given"
    with pytest.raises(FindingError, match="the catalogue says"):
        artifact(replace(service, artifact_sha256="0" * 64))
