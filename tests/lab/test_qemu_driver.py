"""The driver qemu: a guest made through the API really boots, answers by its agent, is reached by SSH, shuts down, and leaves nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
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
from provisioner.lab import wires
from provisioner.lab.guests.chosen import ChosenDriver, Kind, choose
from provisioner.lab.guests.driver import blank
from provisioner.lab.proxmox.server import Server, add_node

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="needs root: namespaces and taps")]

NODE, VMID, VLAN = "pve-essai", 101601, 20
MAC, GATEWAY = "02:54:00:10:01:01", IPv4Address("10.64.17.1")
ADDRESS = IPv4Interface("10.64.17.10/24")
BOOT_SECONDS = 200
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """A lab of one node with the image uploaded, and a namespace on the guest's VLAN."""

    session: Session
    driver: ChosenDriver
    client: str
    folder: Path
    image: Path

    def task(self, upid: object) -> None:
        self.session.wait(NODE, upid)

    def ssh(self, words: str) -> command.Completed:
        kept = self.folder / "known_hosts"
        options = ("-i", self.folder / "key", "-o", f"UserKnownHostsFile={kept}", "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes")
        argv = ("ip", "netns", "exec", self.client, "ssh", "-F", "none", *options, f"teranga@{ADDRESS.ip}", words)
        return command.attempt(argv, command.Run(timeout=timedelta(seconds=60)))


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    image = images.build("server", print)
    monkeypatch.setenv("TERANGA_STATE", str(tmp_path / "st"))
    password = tmp_path / "password"
    password.write_text("correct horse")
    add_node(places.lab() / "api", NODE, password.read_text())
    choose(places.lab(), NODE, Kind.QEMU)
    driver = ChosenDriver(places.lab())
    command.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"))
    try:
        with Server(places.lab() / "api", driver, wires.Wires(), 0, failure_delay=0.0) as server:
            session = password_session(server.url, "root@pam", password, server.ca_file)
            adopt(session, Adoption(site="essai", node=NODE, datastore="local", bridge="vmbr1", pool="teranga-essai"))
            folder = places.lab() / "api/nodes" / NODE / "storage/local/import"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / image.path.name).symlink_to(image.path)
            client = f"{wires.prefix()}-client"
            port = wires.Port(namespace=client, interface="eth0", mac=None, node=NODE, bridge="vmbr1", vlan=VLAN)
            wires.client(client, port, IPv4Interface(f"{GATEWAY}/24"), None)
            yield Lab(session=session, driver=driver, client=client, folder=tmp_path, image=image.path)
    finally:
        driver.stop(blank(VMID, NODE))
        driver.erase(NODE, VMID)
        for name in wires.every():
            wires.remove(name)


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


@pytest.mark.parametrize("firmware", os.environ.get("TERANGA_FIRMWARE", "seabios").split(","))
def test_a_guest_of_the_api_really_boots_and_leaves_nothing(lab: Lab, firmware: str) -> None:
    guest = f"/nodes/{NODE}/qemu/{VMID}"
    create(lab, firmware)
    lab.task(lab.session.post(f"{guest}/status/start"))
    until(lambda: pinned(lab), BOOT_SECONDS, lambda: lab.driver.qemu.console(VMID)[-1500:])

    assert lab.session.record(f"{guest}/status/current")["status"] == "running"
    assert observe.addresses(lab.session, NODE, VMID)[MAC] == (ADDRESS,)
    assert lab.driver.qemu.screen(VMID).startswith(PNG)
    until(lambda: lab.ssh("true").status == 0, BOOT_SECONDS, lambda: lab.ssh("true").stderr)
    assert lab.ssh("sudo cat /sys/class/dmi/id/product_uuid").stdout.strip() == "00000000-0000-4000-8000-000000101601"
    assert lab.ssh("test -d /sys/firmware/efi").status == (0 if firmware == "ovmf" else 1)

    lab.task(lab.session.post(f"{guest}/status/shutdown", timeout=120))
    assert lab.session.record(f"{guest}/status/current")["status"] == "stopped"
    assert "reboot: Power down" in lab.driver.qemu.console(VMID)
    lab.task(lab.session.delete(guest))

    assert lab.session.rows("/cluster/resources", type="vm") == []
    assert [path for path in places.lab().rglob("*") if str(VMID) in path.name] == []
    assert wires.port_of(wires.guest(VMID), "eth0") not in command.run(("ip", "-n", wires.switch(NODE), "link")).stdout
