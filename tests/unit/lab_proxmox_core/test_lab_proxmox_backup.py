"""Backups are real files: what they hold comes back."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.lab.proxmox import retention
from tests.unit.lab_proxmox_core.client import Api

GUEST = "/nodes/pve1/qemu/100"
STORAGE = "/nodes/pve1/storage/local"


@pytest.fixture
def guest(with_image: Api) -> Api:
    """A stopped guest 100 with a disk that holds something, and a firewall."""
    made = with_image.task(
        "POST", "/nodes/pve1/qemu", vmid=100, name="one", scsi0="local:0,import-from=local:import/base.qcow2,format=qcow2",
        ide2="local:cloudinit", net0="virtio,bridge=vmbr0,firewall=1",
    )  # fmt: skip
    assert made == "OK"
    with_image.data("PUT", f"{GUEST}/firewall/options", enable=1, policy_in="DROP")
    _io(_disk(with_image, 100), "write -P 7 0 512")
    return with_image


def _disk(api: Api, vmid: int) -> Path:
    return api.root / f"nodes/pve1/storage/local/images/{vmid}/vm-{vmid}-disk-0.qcow2"


def _io(file: Path, what: str) -> bool:
    return subprocess.run(["qemu-io", "-c", what, str(file)], check=False, capture_output=True).returncode == 0


def _backups(api: Api) -> list[dict[str, object]]:
    return api.rows("GET", f"{STORAGE}/content", content="backup")


@pytest.mark.parametrize(("compress", "ending"), [("0", "vma"), ("gzip", "vma.gz"), ("zstd", "vma.zst")])
def test_a_backup_restores_disk_configuration_and_firewall(guest: Api, compress: str, ending: str) -> None:
    before = guest.config(100)
    assert (
        guest.task("POST", "/nodes/pve1/vzdump", vmid=100, compress=compress, **{"notes-template": "{{guestname}}", "storage": "local"})
        == "OK"
    )
    (row,) = _backups(guest)
    assert (row["format"], row["vmid"], row["subtype"], row["notes"]) == (ending, 100, "qemu", "one")
    assert guest.task("DELETE", GUEST, purge=1) == "OK"

    assert guest.task("POST", "/nodes/pve1/qemu", vmid=100, archive=str(row["volid"])) == "OK"
    after = guest.config(100)
    assert {key: after[key] for key in after if key != "digest"} == {key: before[key] for key in before if key != "digest"}
    assert _io(_disk(guest, 100), "read -P 7 0 512")
    options = guest.data("GET", f"{GUEST}/firewall/options")
    assert isinstance(options, dict)
    assert options["policy_in"] == "DROP"


def test_a_restore_beside_the_first_has_its_own_disks_and_macs(guest: Api) -> None:
    assert guest.task("POST", "/nodes/pve1/vzdump", vmid=100) == "OK"
    archive = str(_backups(guest)[0]["volid"])
    assert guest.task("POST", "/nodes/pve1/qemu", vmid=101, archive=archive, unique=1, name="two") == "OK"

    one, two = guest.config(100), guest.config(101)
    assert two["name"] == "two"
    assert one["net0"] != two["net0"]
    assert _io(_disk(guest, 101), "read -P 7 0 512")


def test_a_guest_that_stands_is_replaced_by_force_alone(guest: Api) -> None:
    assert guest.task("POST", "/nodes/pve1/vzdump", vmid=100) == "OK"
    archive = str(_backups(guest)[0]["volid"])
    _io(_disk(guest, 100), "write -P 9 0 512")
    refused = guest.call("POST", "/nodes/pve1/qemu", vmid=100, archive=archive)
    assert refused.reason == "unable to restore VM 100 - VM 100 already exists on node 'pve1'"
    assert _io(_disk(guest, 100), "read -P 9 0 512")

    assert guest.task("POST", "/nodes/pve1/qemu", vmid=100, archive=archive, force=1) == "OK"
    assert _io(_disk(guest, 100), "read -P 7 0 512")


def test_a_missing_guest_and_a_missing_archive_are_said(guest: Api) -> None:
    assert guest.task("POST", "/nodes/pve1/vzdump", vmid=999) == "unable to find VM '999'"
    missing = guest.call("POST", "/nodes/pve1/qemu", vmid=101, archive="local:backup/none.vma")
    assert (missing.status_code, missing.reason) == (500, "volume 'local:backup/none.vma' does not exist")
    assert _backups(guest) == []


def test_a_protected_backup_stays(guest: Api) -> None:
    assert guest.task("POST", "/nodes/pve1/vzdump", vmid=100, storage="local", protected=1) == "OK"
    volid = str(_backups(guest)[0]["volid"])
    refused = guest.call("DELETE", f"{STORAGE}/content/{volid}")
    assert refused.reason == f"can't remove protected backup '{volid}'"
    guest.data("PUT", f"{STORAGE}/content/{volid}", protected=0, notes="done")
    assert _backups(guest)[0]["notes"] == "done"

    guest.task("DELETE", f"{STORAGE}/content/{volid}")
    assert _backups(guest) == []
    assert list((guest.root / "nodes/pve1/storage/local/dump").iterdir()) == []


def test_a_storage_without_backups_refuses_them(guest: Api) -> None:
    guest.data("POST", "/storage", storage="fast", type="dir", path="/srv/fast", content="images")

    assert guest.call("POST", "/nodes/pve1/vzdump", vmid=100, storage="fast").status_code == 500


@given(st.lists(st.integers(0, 400), min_size=1, max_size=30, unique=True), st.integers(1, 5), st.integers(0, 5))
def test_retention_keeps_the_latest_and_no_more_than_it_says(days: list[int], last: int, daily: int) -> None:
    times = [datetime.fromtimestamp(1_700_000_000 + day * 43_200, tz=UTC) for day in days]
    kept = [time for time, stays in zip(times, retention.marks(times, f"keep-last={last},keep-daily={daily}"), strict=True) if stays]

    assert max(times) in kept
    assert len(kept) <= last + daily


def test_retention_that_says_nothing_keeps_all() -> None:
    times = [datetime(2026, 11, day, tzinfo=UTC) for day in range(1, 9)]

    assert retention.marks(times, "keep-all=1") == (True,) * 8
    assert retention.marks(times, "") == (True,) * 8
    assert sum(retention.marks(times, "keep-weekly=2")) == 2
