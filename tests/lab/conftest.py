"""A lab whose guests are records only: the real engine, plugin and API, without a guest's cost."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from provisioner import command, places
from provisioner.adapters import images
from provisioner.adapters.proxmox import Session, password_session
from provisioner.adapters.pulumi import stack
from provisioner.centre import infrastructure
from provisioner.centre.adoption import Credential, adopt
from provisioner.centre.desired import endpoint, plan
from provisioner.errors import OutsideError
from provisioner.lab import access
from provisioner.lab.guests.record import RecordDriver, RecordSwitch
from provisioner.lab.proxmox.server import Server, add_node
from provisioner.plan.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One adopted site on an API that serves for the time of a test."""

    plan: Plan
    administrator: Session
    server: Server
    told: list[str]

    def apply(self, operation: str = "up") -> int:
        """Run the engine on the site; return how many resources changed or would change."""
        changes, mended = infrastructure.apply(self.plan.site, operation, self.told.append)
        self.told.append(mended)
        return infrastructure.changed(changes)

    def environment(self) -> Mapping[str, str]:
        """Return what a shell has after `eval "$(teranga env SITE)"`."""
        return stack.environment(self.plan.site, endpoint(self.plan.site), infrastructure.engine())

    def child(self, text: str) -> command.Process:
        """Start a Python program in this state, a process of its own that can be killed."""
        roots = {name: os.environ[name] for name in ("TERANGA_STATE", "TERANGA_CACHE") if name in os.environ}
        env = command.environment(PYTHONPATH=str(places.CHECKOUT), **roots)
        return command.start([sys.executable, "-c", text], command.Run(env=env), stdout=command.PIPE)


@contextmanager
def serve(site: str) -> Iterator[Recorded]:
    """Serve an API with the record driver and one adopted site."""
    of, password = plan(site), places.lab() / "root-password"
    places.write(password, "correct horse")
    add_node(access.root(), of.node, "correct horse")
    with Server(access.root(), RecordDriver(), RecordSwitch(), 0, failure_delay=0.0) as server:
        credential = Credential(url=server.url, user="root@pam", password_file=password, ca_file=server.ca_file)
        adopt(site, credential, "")
        administrator = password_session(server.url, "root@pam", password, server.ca_file)
        yield Recorded(plan=of, administrator=administrator, server=server, told=[])


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a state of this test's own."""
    monkeypatch.setenv("TERANGA_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def recorded(state: Path) -> Iterator[Recorded]:
    """Return Kédougou, adopted; skip where engine, plugin or image are not there."""
    try:
        infrastructure.engine()
    except OutsideError as error:
        pytest.skip(str(error))
    if images.find("server") is None:
        pytest.skip("no image; make one with `teranga image build server`")
    with serve("kedougou") as site:
        yield site


def events(journal: Path) -> list[tuple[str, str]]:
    """Return step and event of each line of a journal."""
    return [(entry["step"], entry["event"]) for entry in map(json.loads, journal.read_text().splitlines())]
