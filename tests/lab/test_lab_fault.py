"""Faults on purpose, by real packets and real guests: a link that is cut or bad, a guest that is frozen or killed, a node that fails."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Interface, IPv4Network
from pathlib import Path

import pytest

from provisioner import command, places
from provisioner.adapters.proxmox import observe
from provisioner.errors import ApiError, FindingError
from provisioner.lab import access, fault, fault_link, rehearsal, shell, standing, wires
from provisioner.lab.fault_link import Shape
from provisioner.lab.guests.chosen import Kind
from provisioner.lab.proxmox import trouble
from provisioner.lab.proxmox.trouble import Trouble
from tests.lab.one_guest import GUEST, NODE, VMID, Lab, create, one_guest, pinned, until

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="needs root: namespaces")]

SITE = IPv4Interface("100.64.0.62/30")
OPERATOR = IPv4Interface("100.64.0.61/30")
RTT = re.compile(r"time=([0-9.]+) ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A site's end of its uplink, and the operator's address."""

    namespace: str

    def ping(self, count: int = 3) -> list[float]:
        """Return the round trips that came back, in milliseconds."""
        argv = ("ip", "netns", "exec", self.namespace, "ping", "-n", "-c", str(count), "-i", "0.2", "-W", "1", str(OPERATOR.ip))
        done = command.attempt(argv, command.Run(timeout=timedelta(seconds=30)))
        return [float(found) for found in RTT.findall(done.stdout)]


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    monkeypatch.setenv("TERANGA_STATE", str(tmp_path))
    places.write(rehearsal.folder() / "essai.json", f'{{"site": "essai", "node": "{NODE}", "bridge": "vmbr1"}}')
    wires.Wires().apply(NODE, ("vmbr1",))
    wires.connect(wires.Uplink(node=NODE, bridge="vmbr1", site=SITE, operator=OPERATOR, behind=IPv4Network("10.64.240.0/20")))
    namespace = f"{wires.prefix()}-site"
    port = wires.Port(namespace=namespace, interface="eth0", mac=None, node=NODE, bridge="vmbr1", vlan=wires.UPLINK_VLAN)
    wires.client(namespace, port, SITE, None)
    try:
        yield Line(namespace=namespace)
    finally:
        fault_link.end_all()
        for name in wires.every():
            wires.remove(name)


def test_a_link_is_stretched_cut_and_made_whole_again(line: Line) -> None:
    assert len(line.ping()) == 3

    fault.link("essai", Shape(delay_ms=150))
    stretched = line.ping()
    told = fault.faults()
    fault.link("essai", Shape(cut=True))
    cut = line.ping(2)
    fault.link("essai", None)

    assert min(stretched) >= 300
    assert [(one.kind, one.subject, one.what) for one in told] == [("link", "essai VLAN 900", "150 ms and 0 % loss each way")]
    assert cut == []
    assert max(line.ping()) < 100
    assert fault.faults() == ()


def test_a_lossy_link_loses_frames_and_a_dead_relay_is_told_as_cut(line: Line) -> None:
    fault.link("essai", Shape(loss_percent=100))
    assert line.ping(2) == []

    fault_link.end_all()
    (uplink,) = fault_link.uplinks(NODE)

    assert fault_link.shape(uplink) is not None
    fault_link.clear(uplink)
    assert len(line.ping()) == 3


def test_a_link_of_a_vlan_that_is_not_there_is_refused(line: Line) -> None:
    with pytest.raises(FindingError, match="no uplink on VLAN 77"):
        fault.link("essai", Shape(cut=True), 77)


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    with one_guest(tmp_path, monkeypatch, Kind.NSPAWN) as found:
        yield found


def test_a_guest_is_entered_frozen_and_killed_and_its_node_fails_on_demand(lab: Lab) -> None:
    create(lab, "seabios")
    lab.task(lab.session.post(f"{GUEST}/status/start"))
    until(lambda: pinned(lab), 60, lambda: lab.driver.nspawn.console(VMID)[-1500:])
    guest = standing.find("essai/registre")

    assert (guest.driver, guest.state, guest.node) == ("nspawn", "running", NODE)
    inside = command.run(shell.words(guest, "root", ("hostname",)))
    assert inside.stdout.strip() == "essai-registre"
    assert command.run(shell.words(guest, "teranga", ("id", "-un"))).stdout.strip() == "teranga"

    fault.freeze(NODE, VMID, wanted=True)
    assert standing.find(str(VMID)).state == "frozen"
    with pytest.raises(FindingError, match="frozen"):
        shell.words(standing.find(str(VMID)), "root")
    fault.freeze(NODE, VMID, wanted=False)
    assert observe.agent_answers(lab.session, NODE, VMID)

    trouble.make(access.root(), NODE, Trouble(status=500, left=2))
    for _ in range(2):
        with pytest.raises(ApiError, match="500"):
            lab.session.record(f"{GUEST}/status/current")
    assert lab.session.record(f"{GUEST}/status/current")["status"] == "running"

    fault.kill(NODE, VMID)
    assert lab.session.record(f"{GUEST}/status/current")["status"] == "stopped"
