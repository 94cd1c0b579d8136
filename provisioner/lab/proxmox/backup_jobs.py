"""Backup jobs: what is backed up when, and the calls that keep them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from provisioner.lab.proxmox import calendar_event, drives, guest_store
from provisioner.lab.proxmox.access import ROOT, Need
from provisioner.lab.proxmox.backup_calls import SETTINGS
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.failure import VERIFICATION, Failure
from provisioner.lab.proxmox.guest_parameters import DRIVE
from provisioner.lab.proxmox.guest_store import Guest
from provisioner.lab.proxmox.parameters import Parameter, boolean, integer, text
from provisioner.lab.proxmox.properties import pairs
from provisioner.lab.proxmox.store import Store
from provisioner.lab.proxmox.values import Document, Json, split_list

CALLS = Calls()
_JOBS = "/cluster/backup"
_SEE, _CHANGE = Need("/", "Sys.Audit"), Need("/", "Sys.Modify")
_ROOT_ONLY = ("tmpdir", "dumpdir", "script")
_DAYS = "mon,tue,wed,thu,fri,sat,sun"
_LAST_SECOND = 253370764800  # the year 9999
_CHOICE = ("vmid", "all", "pool")


def _schedule(_: str, value: str) -> str | None:
    try:
        calendar_event.parse(value)
    except ValueError:
        return "unable to parse calendar event\n"
    return None


_SETTINGS: dict[str, Parameter] = {
    **SETTINGS,
    "comment": text(optional=True, max_length=512),
    "dow": text(optional=True, requires="starttime"),
    "enabled": boolean(),
    "repeat-missed": boolean(),
    "schedule": text(optional=True, max_length=128, check=_schedule),
    "starttime": text(optional=True, pattern=r"\d{1,2}:\d{1,2}"),
}
_ID = {"id": text(max_length=50, pattern=r"\S+")}


def every(store: Store) -> list[tuple[str, Document]]:
    """Return the jobs."""
    return store.items("backup_job")


def next_run(job: Document, after: datetime) -> datetime | None:
    """Return when a job runs next, if it does."""
    return calendar_event.parse(str(job["schedule"])).next(after)


def _shown(name: str, job: Document) -> Document:
    return {"id": name, "type": "vzdump", **job}


def _settings(call: Call) -> Document:
    for name in _ROOT_ONLY:
        if call.has(name) and call.who.user != ROOT:
            raise Failure.parameter(name, "Only root may set this option.")
    given: Document = {name: value for name, value in call.parameters.items() if name not in ("id", "delete", "starttime", "dow")}
    if call.has("starttime"):
        days = "" if call.text("dow", _DAYS) == _DAYS else call.text("dow") + " "
        given["schedule"] = days + call.text("starttime")
    if sum(name in given for name in _CHOICE) > 1 and not ("all" in given and not call.flag("all")):
        raise Failure.parameter("all", "'vmid', 'all' and 'pool' exclude each other")
    return given


@CALLS.get(_JOBS, allow=_SEE)
def list_jobs(call: Call) -> Json:
    """Return the jobs with the time of their next run."""
    rows: list[Document] = []
    for name, job in every(call.lab.store):
        found = next_run(job, datetime.now(tz=UTC)) if job.get("enabled") else None
        rows.append(_shown(name, job) | ({"next-run": int(found.timestamp())} if found else {}))
    return rows


@CALLS.post(_JOBS, allow=_CHANGE, parameters={**_SETTINGS, "id": text(optional=True, max_length=50, pattern=r"[A-Za-z][A-Za-z0-9_-]+")})
def add_job(call: Call) -> Json:
    """Make a job."""
    name, job = call.text("id") or f"backup-{uuid.uuid4().hex[:8]}-{uuid.uuid4().hex[:4]}", {"enabled": 1, **_settings(call)}
    if "schedule" not in job:
        raise Failure.parameter("schedule", "property is missing and it is not optional")
    with call.lab.store.transaction():
        if call.lab.store.get("backup_job", name) is not None:
            raise Failure.parameter("id", f"Job '{name}' already exists")
        call.lab.store.put("backup_job", name, job)
    return None


@CALLS.get(f"{_JOBS}/{{id}}", allow=_SEE, parameters=_ID)
def read_job(call: Call) -> Json:
    """Return a job."""
    job = call.lab.store.get("backup_job", call.text("id"))
    if job is None:
        raise Failure.parameter("id", f"No such job '{call.text('id')}'")
    return _shown(call.text("id"), job)


@CALLS.put(f"{_JOBS}/{{id}}", allow=_CHANGE, parameters={**_SETTINGS, **_ID, "delete": text(optional=True)})
def change_job(call: Call) -> Json:
    """Change a job; naming other guests replaces those it named."""
    settings, gone = _settings(call), set(split_list(call.text("delete")))
    for name in gone:
        if name not in _SETTINGS:
            raise Failure.parameter("delete", f"unknown option '{name}'")
    if "schedule" in gone:
        raise Failure.parameter("delete", "a job needs its schedule")
    with call.lab.store.transaction():
        job = call.lab.store.get("backup_job", call.text("id"))
        if job is None:
            raise Failure.of("no such vzdump job")
        if any(name in settings for name in _CHOICE):
            gone |= {name for name in _CHOICE if name not in settings}
        changed: Document = {name: value for name, value in (job | settings).items() if name not in gone}
        call.lab.store.put("backup_job", call.text("id"), changed)
    return None


@CALLS.delete(f"{_JOBS}/{{id}}", allow=_CHANGE, parameters=_ID)
def delete_job(call: Call) -> Json:
    """Delete a job."""
    if not call.lab.store.delete("backup_job", call.text("id")):
        raise Failure.of(f"400 {VERIFICATION}\nid: No such job '{call.text('id')}'\n")
    return None


@CALLS.get(f"{_JOBS}/{{id}}/included_volumes", allow=_SEE, parameters=_ID)
def included(call: Call) -> Json:
    """Return the guests of a job with their disks, and whether each is backed up."""
    job = call.lab.store.get("backup_job", call.text("id"))
    if job is None:
        raise Failure.parameter("id", f"No such job '{call.text('id')}'")
    named = set(split_list(str(job.get("vmid", ""))))
    guests = [guest for guest in guest_store.every(call.lab.store) if job.get("all") or str(guest.vmid) in named]
    return {"children": [_tree(guest) for guest in guests]}


def _tree(guest: Guest) -> Document:
    leaves: list[Document] = []
    for key, value in guest.config.items():
        if drives.is_drive(key) and not drives.is_cdrom(str(value)):
            given = pairs(str(value), DRIVE)
            kept = given.get("backup") != "0"
            reason = "backup=no" if "backup" in given else "enabled"
            leaves.append({"id": f"{guest.vmid}:{key}", "name": given["file"], "included": int(kept), "reason": reason, "leaf": 1})
    return {"id": guest.vmid, "name": str(guest.config.get("name", "")), "type": "qemu", "leaf": 0, "children": leaves}


@CALLS.get(
    "/cluster/jobs/schedule-analyze",
    parameters={
        "schedule": text(max_length=128, check=_schedule),
        "iterations": integer(optional=True, minimum=1, maximum=100),
        "starttime": integer(optional=True, minimum=0, maximum=_LAST_SECOND),
    },
)
def analyse(call: Call) -> Json:
    """Return the next times of a schedule."""
    event = calendar_event.parse(call.text("schedule"))
    now = datetime.fromtimestamp(call.integer("starttime"), tz=UTC) if call.has("starttime") else datetime.now(tz=UTC)
    rows: list[Document] = []
    while len(rows) < call.integer("iterations", 10) and (found := event.next(now)) is not None:
        rows.append({"timestamp": int(found.timestamp()), "utc": f"{found:%a %b} {found.day:2d} {found:%H:%M:%S %Y}"})
        now = found
    return rows
