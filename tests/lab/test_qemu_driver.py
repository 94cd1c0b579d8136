"""The driver qemu: a guest made through the API really boots, answers by its agent, is reached by SSH, shuts down, and leaves nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from provisioner import command, places
from provisioner.adapters.proxmox import observe
from provisioner.lab import rehearsal, shell, standing, wires
from provisioner.lab.guests.chosen import Kind
from tests.lab.one_guest import ADDRESS, GUEST, MAC, NODE, VMID, Lab, create, one_guest, pinned, until
from tests.unit.lab_proxmox_core.console_client import Caller, talk

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="needs root: namespaces and taps")]

BOOT_SECONDS = 600  # an upper bound: QEMU translates, and the machine may be busy
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    with one_guest(tmp_path, monkeypatch, Kind.QEMU) as found:
        yield found


def entered(lab: Lab) -> str:
    """Return what `id -u` says in root's shell, reached as `teranga lab shell` reaches a site's guest: by SSH with the site's own files."""
    kept = places.site("essai")
    places.write(kept.ssh_key, (lab.folder / "key").read_bytes())
    places.write(kept.known_hosts, (lab.folder / "known_hosts").read_bytes())
    places.write(places.lab() / "daemon.json", '{"port": 1}')
    places.write(rehearsal.folder() / "essai.json", f'{{"site": "essai", "node": "{NODE}", "bridge": "vmbr1"}}')
    return command.run(shell.words(standing.find("essai/registre"), "root", ("id", "-u"))).stdout.strip()


def consoles(lab: Lab) -> tuple[bytes, bytes]:
    """Return what the serial line and the screen say first, over the API's web sockets with root's ticket."""
    ca_file = places.lab() / "api/pve-root-ca.pem"
    login = {"username": "root@pam", "password": (lab.folder / "password").read_text()}
    said = requests.post(f"{lab.url}/api2/json/access/ticket", data=login, verify=str(ca_file), timeout=20).json()["data"]
    caller = Caller(url=f"{lab.url}/api2/json{GUEST}", ca_file=ca_file, headers={"Cookie": f"PVEAuthCookie={quote(said['ticket'])}"})
    line, screen = lab.session.post(f"{GUEST}/termproxy"), lab.session.post(f"{GUEST}/vncproxy")
    assert isinstance(line, dict)
    assert isinstance(screen, dict)
    hello = f"root@pam:{line['ticket']}\n".encode()
    return (
        talk(caller, line["port"], line["ticket"], [hello, b"0:1:\n"], b"login:"),
        talk(caller, screen["port"], screen["ticket"], [], b"RFB 003.008"),
    )


@pytest.mark.parametrize("firmware", os.environ.get("TERANGA_FIRMWARE", "seabios").split(","))
def test_a_guest_of_the_api_really_boots_and_leaves_nothing(lab: Lab, firmware: str) -> None:
    create(lab, firmware)
    lab.task(lab.session.post(f"{GUEST}/status/start"))
    until(lambda: pinned(lab), BOOT_SECONDS, lambda: lab.driver.qemu.console(VMID)[-1500:])

    assert lab.session.record(f"{GUEST}/status/current")["status"] == "running"
    assert observe.addresses(lab.session, NODE, VMID)[MAC] == (ADDRESS,)
    assert lab.driver.qemu.screen(VMID).startswith(PNG)
    until(lambda: lab.ssh("true").status == 0, BOOT_SECONDS, lambda: lab.ssh("true").stderr)
    assert lab.ssh("sudo cat /sys/class/dmi/id/product_uuid").stdout.strip() == "00000000-0000-4000-8000-000000101601"
    assert lab.ssh("test -d /sys/firmware/efi").status == (0 if firmware == "ovmf" else 1)

    assert entered(lab) == "0"
    line, screen = consoles(lab)
    assert line.startswith(b"OK")
    assert b"login:" in line
    assert screen == b"RFB 003.008\n"

    lab.task(lab.session.post(f"{GUEST}/status/shutdown", timeout=120))
    assert lab.session.record(f"{GUEST}/status/current")["status"] == "stopped"
    assert "reboot: Power down" in lab.driver.qemu.console(VMID)
    lab.task(lab.session.delete(GUEST))

    assert lab.session.rows("/cluster/resources", type="vm") == []
    assert [path for path in places.lab().rglob("*") if str(VMID) in path.name] == []
    assert wires.port_of(wires.guest(VMID), "eth0") not in command.run(("ip", "-n", wires.switch(NODE), "link")).stdout
