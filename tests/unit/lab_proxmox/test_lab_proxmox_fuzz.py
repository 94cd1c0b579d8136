"""Made-up calls of every served kind: no error of our own, no refusal that changes something, no write that changes nothing."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic

import pytest
import requests
from ruamel.yaml import YAML

from provisioner.lab.proxmox.calls import Route
from provisioner.lab.proxmox.installer import database
from provisioner.lab.proxmox.served import ROUTES
from provisioner.lab.proxmox.server import add_node
from tests.unit.lab_proxmox.fuzz import Made, Maker, Spec
from tests.unit.lab_proxmox.lab_server import NODE, PASSWORD, TIMEOUT_SECONDS, Running, image, running, shared_data
from tests.unit.lab_proxmox.returned import mistyped

SEED, CALLS, SECONDS = 20261125, 1000, 20.0
_ROUTES = [route for route in ROUTES if route.path not in ("", "/") and not route.path.endswith("/upload")]
_OWN_ERROR = re.compile(r"internal error of the lab")
_PYTHON = re.compile(r"[A-Z]\w*(Error|Exception|Warning): ")
_LISTED = Path(__file__).with_name("returns.yml")
# Writes that may leave everything as it was and still be right: they ask, log in, begin a task that may fail, or undo nothing.
_ASKING = ("/agent/ping", "/access/ticket", "{sid}/migrate", "{sid}/relocate", "/sdn/rollback")


class Lab:
    """A server with some objects, and all that it keeps."""

    def __init__(self, lab: Running, session: requests.Session) -> None:
        """Make the objects that calls then name."""
        self._lab = lab
        self._session = session
        self._database = sqlite3.connect(database(lab.root), isolation_level=None)
        for node in ("pve2",):
            add_node(lab.root, node, PASSWORD)
        image(lab.root, NODE, "debian.qcow2")
        guest = {"scsi0": "local:0,import-from=local:import/debian.qcow2,format=qcow2", "net0": "virtio,bridge=vmbr0,firewall=1"}
        for vmid in ("100", "101"):
            self.send(Made(method="POST", path=f"/nodes/{NODE}/qemu", given={"vmid": vmid, **guest}))

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def send(self, made: Made) -> requests.Response:
        """Make a call."""
        url = f"{self._lab.server.url}/api2/json{made.path}"
        if made.method in ("POST", "PUT"):
            return self._session.request(made.method, url, data=made.given, timeout=TIMEOUT_SECONDS)
        return self._session.request(made.method, url, params=made.given, timeout=TIMEOUT_SECONDS)

    def state(self) -> str:
        """Return a digest of every document and of every file's name and size."""
        digest = hashlib.sha256()
        for row in self._database.execute("SELECT kind, key, value FROM document ORDER BY kind, key"):
            digest.update(repr(row).encode())
        for path in sorted((self._lab.root / "nodes").rglob("*")):
            if path.is_file() and not path.name.endswith(".sha256"):
                digest.update(f"{path} {path.stat().st_size}".encode())
        return digest.hexdigest()

    def failed_tasks(self) -> list[str]:
        """Return the tasks that ended in an error of our own."""
        rows = self._database.execute("SELECT type, exitstatus FROM task WHERE exitstatus IS NOT NULL")
        return [f"{kind}: {status}" for kind, status in rows if _PYTHON.match(status)]

    def unfinished(self) -> bool:
        """Return whether a task still works."""
        return bool(self._database.execute("SELECT 1 FROM task WHERE endtime IS NULL").fetchone())


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with running(tmp_path / "lab", NODE) as server, server.session() as session:
        found = Lab(server, session)
        yield found
        found.close()


def _schema() -> Mapping[str, Mapping[str, Mapping[str, object]]]:
    found: Mapping[str, Mapping[str, Mapping[str, object]]] = json.loads((shared_data() / "pve-api-schema.json").read_text())
    return found


def _specs(call: Mapping[str, object], route: Route) -> Mapping[str, Spec]:
    parameters = call["parameters"]
    properties = parameters.get("properties", {}) if isinstance(parameters, dict) else {}
    return {name: spec for name, spec in properties.items() if name in route.parameters}


def _judged(lab: Lab, made: Made, route: Route, before: str, answer: requests.Response) -> str | None:
    """Return what is wrong with an answer, if anything is."""
    told = f"{route.method} {route.path} {dict(made.given)}: {answer.status_code} {answer.reason}"
    if _OWN_ERROR.search(answer.reason):
        return told
    changed = lab.state() != before
    if answer.status_code >= 400 and changed:
        return f"{told}, and something changed"
    if route.method == "GET" and changed:
        return f"{told}, and reading changed something"
    silent = route.method == "POST" and answer.ok and not changed and not str(answer.json()["data"]).startswith("UPID:")
    if silent and not route.path.endswith(_ASKING) and not _same(route, made):
        return f"{told}, and nothing changed"
    return None


def _same(route: Route, made: Made) -> bool:
    """Return whether a POST renames something to what it is called already, or sets what is set."""
    return "rename" in made.given or route.path.endswith(("/config", "/hosts"))


def test_made_up_calls_are_answered_as_they_should(lab: Lab) -> None:
    schema, maker, wrong, seen = _schema(), Maker(SEED), [], Counter[int]()
    listed = {line for group in YAML(typ="safe").load(_LISTED.read_text()) for line in group["returns"]}
    typed: set[str] = set()
    deadline = monotonic() + SECONDS
    for number in range(CALLS):
        if monotonic() > deadline:
            break
        route = _ROUTES[number] if number < len(_ROUTES) else maker.choose(_ROUTES)
        call = schema[route.path][route.method]
        made = maker.call(route, _specs(call, route))
        before = lab.state()
        answer = lab.send(made)
        while lab.unfinished():
            pass
        seen[answer.status_code] += 1
        problem = _judged(lab, made, route, before, answer)
        wrong += [problem] if problem else []
        if answer.ok:
            typed |= {f"{route.method} {route.path}: {text}" for text in mistyped("data", answer.json()["data"], call.get("returns"))}

    assert wrong == []
    assert lab.failed_tasks() == []
    assert sorted(typed - listed) == []
    assert seen[200] > sum(seen.values()) / 4  # most calls are sensible
