"""A lab of one node where a test makes one guest through the API, under the driver it asks for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from urllib.parse import quote

import pytest

from provisioner import command, places
from provisioner.adapters import images
from provisioner.adapters.proxmox import Session, observe
from provisioner.adapters.proxmox.adopt import Adoption, adopt
from provisioner.adapters.proxmox.session import password_session
from provisioner.lab import rehearsal, wires
from provisioner.lab.guests import base
from provisioner.lab.guests.chosen import ChosenDriver, Kind, choose
from provisioner.lab.guests.driver import blank
from provisioner.lab.proxmox.server import Server, add_node

NODE, VMID, VLAN = "pve-essai", 101601, 20
GUEST = f"/nodes/{NODE}/qemu/{VMID}"
MAC, GATEWAY = "02:54:00:10:01:01", IPv4Address("10.64.17.1")
ADDRESS = IPv4Interface("10.64.17.10/24")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """A lab of one node with the image uploaded, and a namespace on the guest's VLAN."""

    session: Session
    driver: ChosenDriver
    client: str
    folder: Path
    image: Path
    url: str  # of the API

    def task(self, upid: object) -> None:
        self.session.wait(NODE, upid)

    def ssh(self, words: str) -> command.Completed:
        kept = self.folder / "known_hosts"
        options = ("-i", self.folder / "key", "-o", f"UserKnownHostsFile={kept}", "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes")
        argv = ("ip", "netns", "exec", self.client, "ssh", "-F", "none", *options, f"teranga@{ADDRESS.ip}", words)
        return command.attempt(argv, command.Run(timeout=timedelta(seconds=60)))


@contextmanager
def one_guest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Kind) -> Iterator[Lab]:
    """Lend the lab; what it made is removed, whatever happens."""
    image = images.build("server", print)
    monkeypatch.setenv("TERANGA_STATE", str(tmp_path / "st"))
    password = tmp_path / "password"
    password.write_text("correct horse")
    add_node(places.lab() / "api", NODE, password.read_text())
    choose(places.lab(), NODE, kind)
    driver = ChosenDriver(places.lab())
    command.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"))
    try:
        with Server(places.lab() / "api", driver, wires.Wires(), 0, failure_delay=0.0) as server:
            session = password_session(server.url, "root@pam", password, server.ca_file)
            adopt(session, Adoption(site="essai", node=NODE, datastore="local", bridge="vmbr1", pool="teranga-essai"))
            folder = places.lab() / "api/nodes" / NODE / "storage/local/import"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / image.path.name).symlink_to(image.path)
            client = rehearsal.management("essai")
            port = wires.Port(namespace=client, interface="eth0", mac=None, node=NODE, bridge="vmbr1", vlan=VLAN)
            wires.client(client, port, IPv4Interface(f"{GATEWAY}/24"), None)
            yield Lab(session=session, driver=driver, client=client, folder=tmp_path, image=image.path, url=server.url)
    finally:
        driver.stop(blank(VMID, NODE))
        driver.forget()
        driver.erase(NODE, VMID)
        for name in wires.every():
            wires.remove(name)
        base.unmount(places.lab())


def create(lab: Lab, firmware: str) -> None:
    key = (lab.folder / "key.pub").read_text().strip()
    form = {
        "vmid": VMID,
        "name": "essai-registre",
        "bios": firmware,
        "cores": 2,
        "memory": 1024,
        "scsihw": "virtio-scsi-single",
        "scsi0": f"local:0,import-from=local:import/{lab.image.name},format=qcow2,discard=on",
        "ide2": "local:cloudinit",
        "boot": "order=scsi0",
        "net0": f"virtio={MAC.upper()},bridge=vmbr1,tag={VLAN}",
        "agent": "1",
        "serial0": "socket",
        "smbios1": "uuid=00000000-0000-4000-8000-000000101601",
        "ciuser": "teranga",
        "sshkeys": quote(key, safe=""),
        "ipconfig0": f"ip={ADDRESS},gw={GATEWAY}",
        "ciupgrade": 0,
    }
    lab.task(lab.session.post(f"/nodes/{NODE}/qemu", **form))


def until(done: Callable[[], bool], seconds: float, why: Callable[[], str]) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, why()
        time.sleep(1)


def pinned(lab: Lab) -> bool:
    if not observe.agent_answers(lab.session, NODE, VMID):
        return False
    key = observe.read_file(lab.session, NODE, VMID, "/etc/ssh/ssh_host_ed25519_key.pub")
    (lab.folder / "known_hosts").write_text(f"{ADDRESS.ip} {' '.join(key.split()[:2])}\n")
    return True
