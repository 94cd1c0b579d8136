"""Backup jobs run at their times."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provisioner.lab.guests.record import RecordDriver, RecordSwitch
from provisioner.lab.proxmox import calendar_event
from provisioner.lab.proxmox.backup_schedule import run_due
from provisioner.lab.proxmox.calls import Lab
from provisioner.lab.proxmox.enforcement import Enforcement
from provisioner.lab.proxmox.installer import database
from provisioner.lab.proxmox.store import Store
from provisioner.lab.proxmox.tasks import Tasks
from tests.unit.lab_proxmox_core.client import Api

MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("02:30", "2026-11-24 02:30"),
        ("mon..fri 22:00", "2026-11-23 22:00"),
        ("sun 1:00", "2026-11-29 01:00"),
        ("*/30", "2026-11-23 12:30"),
        ("*-*-1 3:15", "2026-12-01 03:15"),
        ("8..18:0/15", "2026-11-23 12:15"),
        ("daily", "2026-11-24 00:00"),
        ("weekly", "2026-11-30 00:00"),
        ("2027-2-29 00:00", ""),
        ("hourly", "2026-11-23 13:00"),
    ],
)
def test_a_calendar_event_names_the_next_time(text: str, then: str) -> None:
    found = calendar_event.parse(text).next(MONDAY)

    assert ("" if found is None else f"{found:%Y-%m-%d %H:%M}") == then


@pytest.mark.parametrize("text", ["25:00", "noon", "mon", "*-13-1 0:0", "5..2:00", "02:30:07", "1 2 3 4"])
def test_what_is_no_calendar_event_is_refused(text: str, api: Api) -> None:
    if text == "mon":
        assert calendar_event.parse(text).next(MONDAY) == datetime(2026, 11, 30, tzinfo=UTC)
        return
    answer = api.call("POST", "/cluster/backup", schedule=text, storage="local", all=1)

    assert answer.json()["errors"] == {"schedule": "invalid format - unable to parse calendar event\n"}


@pytest.fixture
def lab(with_image: Api) -> Iterator[Lab]:
    """What the server works on, opened once more."""
    store = Store(database(with_image.root))
    tasks = Tasks(store)
    yield Lab(
        root=with_image.root,
        store=store,
        tasks=tasks,
        driver=RecordDriver(),
        switch=RecordSwitch(),
        enforcement=Enforcement(store, RecordSwitch()),
    )
    tasks.close()
    store.close()


def _archives(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "nodes/pve1/storage/local/dump").glob("vzdump-*"))


def test_a_job_that_is_due_backs_its_guests_up_once(with_image: Api, lab: Lab) -> None:
    assert with_image.task("POST", "/nodes/pve1/qemu", vmid=100, name="one", scsi0="local:1") == "OK"
    with_image.data("POST", "/cluster/backup", id="nightly", schedule="02:30", storage="local", vmid="100,999")
    before = datetime(2026, 11, 24, 2, 29, 50, tzinfo=UTC)

    assert run_due(lab, before - timedelta(seconds=10), before) == ()
    (upid,) = run_due(lab, before, before + timedelta(seconds=10))
    assert run_due(lab, before + timedelta(seconds=10), before + timedelta(seconds=20)) == ()
    assert lab.tasks.find(upid).exitstatus == "OK"
    assert len(_archives(with_image.root)) == 1


def test_a_job_that_is_switched_off_does_not_run(with_image: Api, lab: Lab) -> None:
    assert with_image.task("POST", "/nodes/pve1/qemu", vmid=100, scsi0="local:1") == "OK"
    with_image.data("POST", "/cluster/backup", id="nightly", schedule="02:30", storage="local", all=1, enabled=0)

    assert run_due(lab, MONDAY, MONDAY + timedelta(days=1)) == ()
    (row,) = with_image.rows("GET", "/cluster/backup")
    assert "next-run" not in row
    tree = with_image.data("GET", "/cluster/backup/nightly/included_volumes")
    assert isinstance(tree, dict)
    assert [child["id"] for child in tree["children"]] == [100]
