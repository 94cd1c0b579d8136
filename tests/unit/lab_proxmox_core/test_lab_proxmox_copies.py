"""Snapshots, clones, templates, moved disks and migrations change real files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from provisioner.lab.proxmox.disk_image import backing, has_snapshots, virtual_size
from provisioner.lab.proxmox.server import add_node
from tests.unit.lab_proxmox_core.client import PASSWORD, Api

GUEST = "/nodes/pve1/qemu/100"


@pytest.fixture
def guest(with_image: Api) -> Api:
    """A stopped guest 100 with an imported qcow2, a card and a cloud-init drive."""
    made = with_image.task(
        "POST", "/nodes/pve1/qemu", vmid=100, name="one", scsi0="local:0,import-from=local:import/base.qcow2,format=qcow2",
        ide2="local:cloudinit", net0="virtio,bridge=vmbr0,firewall=1", tags="a;b",
    )  # fmt: skip
    assert made == "OK"
    return with_image


def _disk(api: Api, vmid: int, name: str, node: str = "pve1") -> Path:
    return api.root / f"nodes/{node}/storage/local/images/{vmid}/{name}"


def _write(file: Path, text: str) -> None:
    subprocess.run(["qemu-io", "-c", f"write -P {ord(text)} 0 512", str(file)], check=True, capture_output=True)


def _holds(file: Path, text: str) -> bool:
    return subprocess.run(["qemu-io", "-c", f"read -P {ord(text)} 0 512", str(file)], check=False, capture_output=True).returncode == 0


def test_a_rollback_brings_back_disk_and_configuration(guest: Api) -> None:
    disk = _disk(guest, 100, "vm-100-disk-0.qcow2")
    _write(disk, "a")
    assert guest.task("POST", f"{GUEST}/snapshot", snapname="before", description="d") == "OK"
    _write(disk, "b")
    guest.data("PUT", f"{GUEST}/config", memory=2048)

    assert guest.task("POST", f"{GUEST}/snapshot/before/rollback") == "OK"
    assert _holds(disk, "a")
    assert "memory" not in guest.config(100)
    assert guest.config(100)["parent"] == "before"
    rows = {str(row["name"]): row for row in guest.rows("GET", f"{GUEST}/snapshot")}
    assert rows["before"]["description"] == "d"
    assert rows["current"]["parent"] == "before"


def test_a_snapshot_goes_and_leaves_the_present(guest: Api) -> None:
    for name in ("one", "two"):
        assert guest.task("POST", f"{GUEST}/snapshot", snapname=name) == "OK"
    assert guest.task("POST", f"{GUEST}/snapshot", snapname="two") == "snapshot name 'two' already used"
    assert guest.task("DELETE", f"{GUEST}/snapshot/one") == "OK"
    rows = {str(row["name"]): row for row in guest.rows("GET", f"{GUEST}/snapshot")}
    assert set(rows) == {"two", "current"}
    assert "parent" not in rows["two"]
    assert guest.task("DELETE", f"{GUEST}/snapshot/two") == "OK"
    assert not has_snapshots(_disk(guest, 100, "vm-100-disk-0.qcow2"))
    assert guest.task("DELETE", f"{GUEST}/snapshot/two") == "snapshot 'two' does not exist"


def test_a_raw_disk_takes_no_snapshot(guest: Api) -> None:
    guest.data("PUT", f"{GUEST}/config", scsi1="local:1")

    assert guest.task("POST", f"{GUEST}/snapshot", snapname="s1") == "snapshot feature is not available"
    assert [row["name"] for row in guest.rows("GET", f"{GUEST}/snapshot")] == ["current"]


def test_a_full_clone_has_its_own_disk_card_and_identity(guest: Api) -> None:
    _write(_disk(guest, 100, "vm-100-disk-0.qcow2"), "c")
    assert guest.task("POST", f"{GUEST}/clone", newid=101, name="two") == "OK"
    old, new = guest.config(100), guest.config(101)

    assert str(new["scsi0"]).startswith("local:101/vm-101-disk-0.qcow2,")
    assert _holds(_disk(guest, 101, "vm-101-disk-0.qcow2"), "c")
    assert (new["name"], new["tags"]) == ("two", "a;b")
    assert all(old[key] != new[key] for key in ("net0", "smbios1", "vmgenid"))
    assert "firewall=1" in str(new["net0"])


def test_a_clone_of_a_snapshot_holds_what_was_then(guest: Api) -> None:
    disk = _disk(guest, 100, "vm-100-disk-0.qcow2")
    _write(disk, "a")
    assert guest.task("POST", f"{GUEST}/snapshot", snapname="then") == "OK"
    _write(disk, "b")
    assert guest.task("POST", f"{GUEST}/clone", newid=101, snapname="then") == "OK"

    assert _holds(_disk(guest, 101, "vm-101-disk-0.qcow2"), "a")


def test_a_template_lends_its_disk_to_linked_clones(guest: Api) -> None:
    assert guest.task("POST", f"{GUEST}/template") == "OK"
    assert "base-100-disk-0.qcow2" in str(guest.config(100)["scsi0"])
    assert guest.task("POST", f"{GUEST}/status/start") == "you can't start a vm if it's a template"
    assert guest.task("POST", f"{GUEST}/clone", newid=101) == "OK"
    assert guest.task("POST", f"{GUEST}/clone", newid=102, full=1) == "OK"

    assert str(guest.config(101)["scsi0"]).startswith("local:100/base-100-disk-0.qcow2/101/vm-101-disk-0.qcow2,")
    assert backing(_disk(guest, 101, "vm-101-disk-0.qcow2")) == _disk(guest, 100, "base-100-disk-0.qcow2")
    assert backing(_disk(guest, 102, "vm-102-disk-0.qcow2")) is None
    assert "is still in use" in guest.task("DELETE", GUEST)
    assert guest.task("DELETE", "/nodes/pve1/qemu/101") == "OK"
    assert guest.task("DELETE", GUEST) == "OK"


def test_a_disk_moves_to_another_format_and_another_guest(guest: Api) -> None:
    guest.data("POST", "/storage", storage="fast", type="dir", path="/srv/fast", content="images")
    assert guest.task("POST", f"{GUEST}/move_disk", disk="scsi0", storage="fast", format="raw") == "OK"
    config = guest.config(100)
    assert str(config["scsi0"]).startswith("fast:100/vm-100-disk-0.raw,")
    assert config["unused0"] == "local:100/vm-100-disk-0.qcow2"
    assert virtual_size(guest.root / "nodes/pve1/storage/fast/images/100/vm-100-disk-0.raw") == 64 << 20

    assert guest.task("POST", "/nodes/pve1/qemu", vmid=101) == "OK"
    moved = guest.data("POST", f"{GUEST}/move_disk", **{"disk": "scsi0", "target-vmid": 101, "target-disk": "virtio0"})
    assert str(moved).split(":")[5] == "qmmove"
    assert str(guest.config(101)["virtio0"]).startswith("fast:101/vm-101-disk-0.raw")
    assert "scsi0" not in guest.config(100)


def test_a_guest_migrates_with_its_disks_and_goes_on_running(guest: Api) -> None:
    add_node(guest.root, "pve2", PASSWORD)
    assert guest.task("POST", f"{GUEST}/status/start") == "OK"
    refused = guest.call("POST", f"{GUEST}/migrate", target="pve2")
    assert (refused.status_code, refused.reason) == (500, "can't migrate running VM without --online")
    assert guest.task("POST", f"{GUEST}/migrate", **{"target": "pve2", "online": 1, "with-local-disks": 1}) == "OK"

    status = guest.data("GET", "/nodes/pve2/qemu/100/status/current")
    assert isinstance(status, dict)
    assert status["status"] == "running"
    assert guest.call("GET", f"{GUEST}/config").status_code == 500
    assert _disk(guest, 100, "vm-100-disk-0.qcow2", "pve2").is_file()
    assert not _disk(guest, 100, "vm-100-disk-0.qcow2").exists()


def test_a_guest_does_not_migrate_where_its_bridge_is_missing(guest: Api) -> None:
    add_node(guest.root, "pve2", PASSWORD)
    guest.data("PUT", f"{GUEST}/config", net0="virtio,bridge=vmbr7")

    assert guest.task("POST", f"{GUEST}/migrate", target="pve2") == "bridge 'vmbr7' does not exist on node 'pve2'"
    assert _disk(guest, 100, "vm-100-disk-0.qcow2").is_file()
