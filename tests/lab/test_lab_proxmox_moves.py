"""A guest that runs migrates and stays behind its firewall; what a driver keeps of a guest is saved and loaded whole."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from provisioner.lab import wires
from provisioner.lab.guests import kept
from provisioner.lab.proxmox.server import add_node
from tests.lab.cables import BRIDGE, NODE, ask, cabled_lab, ip, listening
from tests.unit.lab_proxmox_core.client import PASSWORD, Api

pytestmark = pytest.mark.lab
QEMU = f"/nodes/{NODE}/qemu/100"


def _client(name: str, node: str, address: str) -> str:
    namespace = f"{wires.prefix()}-{name}"
    wires.make(namespace)
    wires.attach(wires.Port(namespace=namespace, interface="eth0", mac=None, node=node, bridge=BRIDGE, vlan=10))
    ip("-n", namespace, "addr", "replace", address, "dev", "eth0")
    ip("-n", namespace, "link", "set", "eth0", "up")
    return namespace


def _bridge(api: Api, node: str) -> None:
    api.data("POST", f"/nodes/{node}/network", iface=BRIDGE, type="bridge", autostart=1, bridge_vlan_aware=1)
    api.data("PUT", f"/nodes/{node}/network")


def test_a_guest_that_runs_is_reached_on_its_new_node_with_its_firewall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERANGA_STATE", str(tmp_path / "state"))
    add_node(tmp_path / "api", "pve2", PASSWORD)
    with cabled_lab(tmp_path / "api") as api:
        api.data("PUT", "/storage/local", content="images,import,iso")
        for node in (NODE, "pve2"):
            _bridge(api, node)
        net = f"virtio=BC:24:11:00:01:00,bridge={BRIDGE},tag=10,firewall=1"
        api.data("POST", f"/nodes/{NODE}/qemu", vmid=100, net0=net, ide2="local:cloudinit", ipconfig0="ip=10.9.10.5/24")
        api.data("PUT", "/cluster/firewall/options", enable=1)
        api.data("PUT", f"{QEMU}/firewall/options", enable=1)
        api.data("POST", f"{QEMU}/firewall/rules", type="in", action="ACCEPT", proto="tcp", dport="80", enable=1)
        api.data("POST", f"{QEMU}/status/start")
        here, there = _client("here", NODE, "10.9.10.8/24"), _client("there", "pve2", "10.9.10.9/24")
        with listening(wires.guest(100), 80, 81):
            before = {name: ask(name, "10.9.10.5", 80) for name in (here, there)}
            moved = api.task("POST", f"{QEMU}/migrate", **{"target": "pve2", "online": 1, "with-local-disks": 1})
            after = {name: ask(name, "10.9.10.5", 80) for name in (here, there)}
            closed = ask(there, "10.9.10.5", 81)

    assert moved == "OK"
    assert before[here] == "hello" != before[there]
    assert after[there] == "hello" != after[here]
    assert closed == "silence"


def test_what_is_kept_comes_back_with_owners_devices_links_and_attributes(tmp_path: Path) -> None:
    folder, archive = tmp_path / "up", tmp_path / "kept.tar"
    (folder / "etc").mkdir(parents=True)
    (folder / "etc/passwd").write_text("root")
    os.chown(folder / "etc/passwd", 1234, 4321)
    (folder / "etc/link").symlink_to("passwd")
    os.mknod(folder / "gone", stat.S_IFCHR, os.makedev(0, 0))  # a file that the guest deleted, as an overlay notes it
    os.setxattr(folder / "etc", "trusted.overlay.opaque", b"y")
    kept.pack(folder, archive)
    (folder / "etc/passwd").write_text("changed")
    (folder / "new").touch()

    kept.unpack(archive, folder)
    assert (folder / "etc/passwd").read_text() == "root"
    assert ((folder / "etc/passwd").stat().st_uid, (folder / "etc/passwd").stat().st_gid) == (1234, 4321)
    assert (folder / "etc/link").readlink() == Path("passwd")
    assert stat.S_ISCHR((folder / "gone").lstat().st_mode)
    assert os.getxattr(folder / "etc", "trusted.overlay.opaque") == b"y"
    assert not (folder / "new").exists()


def test_nothing_that_was_kept_comes_back_as_nothing(tmp_path: Path) -> None:
    kept.pack(tmp_path / "none", tmp_path / "kept.tar")
    (tmp_path / "up").mkdir()
    (tmp_path / "up/file").touch()

    kept.unpack(tmp_path / "kept.tar", tmp_path / "up")
    assert not (tmp_path / "up").exists()
