"""vzdump: backups of guests into real files, their notes and protection, and which of them are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from provisioner.lab.proxmox import backup_file, drives, guest_status, guest_store, properties, retention, storages
from provisioner.lab.proxmox.access import EVERYONE, ROOT, Need
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.drives import Place
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.guest_power import start
from provisioner.lab.proxmox.guest_store import Guest
from provisioner.lab.proxmox.machine import machine
from provisioner.lab.proxmox.parameters import Parameter, boolean, integer, node_name, storage_id, text
from provisioner.lab.proxmox.storages import Storage, Volume
from provisioner.lab.proxmox.tasks import Log
from provisioner.lab.proxmox.values import Document, Json, split_list, strings

CALLS = Calls()
_STOP = timedelta(minutes=10)
_ROOT_ONLY = ("tmpdir", "dumpdir", "script", "job-id")
SETTINGS: dict[str, Parameter] = {
    "vmid": text(optional=True),
    "all": boolean(),
    "exclude": text(optional=True),
    "pool": text(optional=True),
    "storage": text(optional=True, check=storage_id),
    "mode": text(optional=True, enum=("snapshot", "suspend", "stop")),
    "compress": text(optional=True, enum=("0", "1", "gzip", "lzo", "zstd")),
    "remove": boolean(),
    "prune-backups": text(optional=True, check=properties.check(retention.SHAPE)),
    "maxfiles": integer(optional=True, minimum=1),
    "notes-template": text(optional=True, max_length=1024, requires="storage"),
    "protected": boolean(requires="storage"),
    "node": text(optional=True, check=node_name),
    "bwlimit": integer(optional=True, minimum=0),
    "dumpdir": text(optional=True),
    "fleecing": text(optional=True),
    "ionice": integer(optional=True, minimum=0, maximum=8),
    "lockwait": integer(optional=True, minimum=0),
    "mailnotification": text(optional=True, enum=("always", "failure")),
    "mailto": text(optional=True),
    "notification-mode": text(optional=True, enum=("auto", "legacy-sendmail", "notification-system")),
    "pbs-change-detection-mode": text(optional=True, enum=("legacy", "data", "metadata")),
    "performance": text(optional=True),
    "pigz": integer(optional=True),
    "quiet": boolean(),
    "script": text(optional=True),
    "stdexcludes": boolean(),
    "stop": boolean(),
    "stopwait": integer(optional=True, minimum=0),
    "tmpdir": text(optional=True),
    "zstd": integer(optional=True),
}


@CALLS.post(
    "/nodes/{node}/vzdump",
    allow=EVERYONE,
    parameters=SETTINGS | {"job-id": text(optional=True, max_length=50, pattern=r"\S+"), "stdout": boolean()},
)
def vzdump(call: Call) -> Json:
    """Back guests up in a task."""
    for name in _ROOT_ONLY:
        if call.has(name) and call.who.user != ROOT:
            raise Failure.parameter(name, "Only root may set this option.")
    if call.flag("stdout") or call.has("dumpdir"):
        raise Failure.parameter("stdout" if call.flag("stdout") else "dumpdir", "the lab backs up to storages only")
    if call.text("compress") == "lzo":
        raise Failure.of("compressor 'lzop' is not installed")
    wanted = _wanted(call)
    for vmid in wanted:
        call.require(f"/vms/{vmid}", "VM.Backup")
    storage = _storage(call)
    call.require(f"/storage/{storage.name}", "Datastore.AllocateSpace")

    def work(log: Log) -> None:
        _dump_all(call, wanted, storage, log)

    return call.task("vzdump", str(wanted[0]) if len(wanted) == 1 else "", work)


def _wanted(call: Call) -> tuple[int, ...]:
    """Return the guests to back up: by number, all of the node, or those of a pool."""
    ids = split_list(call.text("vmid"))
    if any(not part.isdigit() for part in ids):
        raise Failure.parameter("vmid", "invalid format - value does not look like a valid VM ID\n")
    if bool(ids) + call.flag("all") + call.has("pool") != 1:
        raise Failure.parameter("vmid" if ids else "all", "one of 'vmid', 'all' and 'pool' is needed, and only one")
    if ids:
        return tuple(sorted({int(part) for part in ids}))
    pool = call.lab.store.get("pool", call.text("pool")) if call.has("pool") else None
    if call.has("pool") and pool is None:
        raise Failure.of(f"pool '{call.text('pool')}' does not exist")
    members = None if pool is None else set(strings(pool.get("vms")))
    without = set(split_list(call.text("exclude")))
    return tuple(
        guest.vmid
        for guest in guest_store.every(call.lab.store)
        if guest.node == call.node and (members is None or str(guest.vmid) in members) and str(guest.vmid) not in without
    )


def _storage(call: Call) -> Storage:
    storage = storages.find(call.lab, call.node, call.text("storage", "local"))
    if "backup" not in storage.content:
        raise Failure.of(f"storage '{storage.name}' does not support backups (no 'backup' content)")
    return storage


def _dump_all(call: Call, wanted: Sequence[int], storage: Storage, log: Log) -> None:
    failed = 0
    log(f"INFO: starting new backup job: vzdump {' '.join(map(str, wanted))}")
    for vmid in wanted:
        guest = guest_store.find(call.lab.store, vmid)
        if guest is None or guest.node != call.node:
            raise Failure.of(f"unable to find VM '{vmid}'")
        try:
            with call.lab.guests.hold(vmid):
                _dump(call, guest_store.on_node(call.lab.store, call.node, vmid), storage, log)
        except Failure as error:
            failed += 1
            log(f"ERROR: Backup of VM {vmid} failed - {error.reason}")
    if failed:
        raise Failure.of("job errors")
    log("INFO: Backup job finished successfully")


def _dump(call: Call, guest: Guest, storage: Storage, log: Log) -> None:
    log(f"INFO: Starting Backup of VM {guest.vmid} (qemu)")
    volume = backup_file.new_volume(storage, guest.vmid, call.text("compress", "0"), datetime.now(tz=UTC))
    stopped = call.text("mode") == "stop" and guest_status.running(call.lab, guest)
    box = machine(Place(lab=call.lab, node=guest.node, vmid=guest.vmid), guest)
    if stopped and not call.lab.driver.shutdown(box, _STOP):
        raise Failure.of("VM quit/powerdown failed - got timeout")
    try:
        log(f"INFO: creating vzdump archive '{volume.declared}'")
        backup_file.pack(call.lab, guest, volume.path, log)
    finally:
        if stopped:
            start(call.lab, call.node, guest.vmid)
    notes = call.text("notes-template").replace("\\n", "\n")
    for mark, value in (("vmid", guest.vmid), ("guestname", guest.config.get("name", "")), ("node", guest.node), ("cluster", "")):
        notes = notes.replace("{{" + mark + "}}", str(value))
    _mark(volume, notes=notes or None, protected=call.flag("protected"))
    log(f"INFO: Finished Backup of VM {guest.vmid}")
    if call.flag("remove", default=True):
        keep = call.text("prune-backups", str(storage.settings.get("prune-backups", "keep-all=1")))
        _prune(storage, guest.vmid, keep, log)


def archives(storage: Storage, vmid: int | None = None) -> list[tuple[Volume, backup_file.Backup]]:
    """Return the archives on a storage, of one guest or of all."""
    found = []
    for volume in storages.volumes(storage):
        backup = backup_file.parsed(volume.path.name) if volume.content == "backup" else None
        if backup is not None and vmid in (None, backup.vmid):
            found.append((volume, backup))
    return found


def _marked(storage: Storage, vmid: int | None, keep: str) -> list[tuple[Volume, backup_file.Backup, str]]:
    """Return each archive with `keep`, `remove` or `protected`."""
    rows: list[tuple[Volume, backup_file.Backup, str]] = []
    held = archives(storage, vmid)
    for owner in sorted({backup.vmid for _, backup in held}):
        own = [(volume, backup) for volume, backup in held if backup.vmid == owner and not storages.protected(volume)]
        kept = retention.marks([backup.taken for _, backup in own], keep)
        rows += [(volume, backup, "keep" if stays else "remove") for (volume, backup), stays in zip(own, kept, strict=True)]
        rows += [(volume, backup, "protected") for volume, backup in held if backup.vmid == owner and storages.protected(volume)]
    return rows


def _prune(storage: Storage, vmid: int | None, keep: str, log: Log) -> None:
    for volume, _, mark in _marked(storage, vmid, keep):
        if mark == "remove":
            log(f"INFO: removing backup '{volume.id}'")
            drives.remove(volume)


def _mark(volume: Volume, *, notes: str | None, protected: bool | None) -> None:
    if notes is not None:
        storages.beside(volume, "notes").write_text(notes)
    if protected is not None:
        if protected:
            storages.beside(volume, "protected").touch()
        else:
            storages.beside(volume, "protected").unlink(missing_ok=True)


@CALLS.put(
    "/nodes/{node}/storage/{storage}/content/{volume}", allow=EVERYONE, parameters={"notes": text(optional=True), "protected": boolean()}
)
def change_volume(call: Call) -> Json:
    """Change a backup's notes, or protect it from being removed."""
    volume = storages.volume(call.lab, call.node, call.text("volume"), call.text("storage"))
    call.require_any(f"/storage/{volume.storage.name}", "Datastore.Allocate", "Datastore.AllocateSpace")
    if not volume.path.is_file():
        raise Failure.of(f"volume '{volume.id}' does not exist")
    if volume.content != "backup":
        raise Failure.of(f"'{volume.id}': only backups have notes and protection")
    _mark(
        volume, notes=call.text("notes") if call.has("notes") else None, protected=call.flag("protected") if call.has("protected") else None
    )
    return None


_PRUNE = {
    "vmid": integer(optional=True),
    "type": text(optional=True, enum=("qemu", "lxc")),
    "prune-backups": text(optional=True, check=properties.check(retention.SHAPE)),
}


@CALLS.get(
    "/nodes/{node}/storage/{storage}/prunebackups",
    allow=Need("/storage/{storage}", "Datastore.Audit", "Datastore.AllocateSpace", any_of=True),
    parameters=_PRUNE,
)
def pruned(call: Call) -> Json:
    """Return which backups would be kept."""
    storage, keep = _pruning(call)
    return [
        {"volid": volume.id, "vmid": backup.vmid, "type": "qemu", "ctime": int(backup.taken.timestamp()), "mark": mark}
        for volume, backup, mark in _marked(storage, call.vmid if call.has("vmid") else None, keep)
    ]


def _pruning(call: Call) -> tuple[Storage, str]:
    storage = storages.find(call.lab, call.node, call.text("storage"))
    return storage, call.text("prune-backups", str(storage.settings.get("prune-backups", "keep-all=1")))


@CALLS.delete("/nodes/{node}/storage/{storage}/prunebackups", allow=Need("/storage/{storage}", "Datastore.Allocate"), parameters=_PRUNE)
def prune(call: Call) -> Json:
    """Remove the backups that are not kept, in a task."""
    storage, keep = _pruning(call)

    def work(log: Log) -> None:
        _prune(storage, call.vmid if call.has("vmid") else None, keep, log)

    return call.task("prunebackups", storage.name, work)


@CALLS.get("/nodes/{node}/vzdump/defaults", parameters={"storage": text(optional=True, check=storage_id)})
def defaults(call: Call) -> Json:
    """Return the defaults of a backup."""
    del call
    return {
        "all": 0, "bwlimit": 0, "compress": "0", "dumpdir": "/var/lib/vz/dump", "fleecing": {"enabled": 0}, "ionice": 7, "lockwait": 180,
        "mailnotification": "always", "mode": "snapshot", "notification-mode": "auto",
        "performance": {"max-workers": 16, "pbs-entries-max": 1048576}, "pigz": 0, "prune-backups": "keep-all=1", "quiet": 0, "remove": 1,
        "stdexcludes": 1, "stop": 0, "stopwait": 10, "storage": "local", "zstd": 1,
    }  # fmt: skip


def _row(guest: Guest) -> Document:
    return {"vmid": guest.vmid, "name": str(guest.config.get("name", "")), "type": "qemu"}


@CALLS.get("/cluster/backup-info/not-backed-up", allow=Need("/", "Sys.Audit"))
def not_backed_up(call: Call) -> Json:
    """Return the guests that no backup job covers."""
    jobs = [document for _, document in call.lab.store.items("backup_job")]
    covered = {vmid for job in jobs for vmid in split_list(str(job.get("vmid", "")))}
    if any(job.get("all") for job in jobs):
        return []
    return [_row(guest) for guest in guest_store.every(call.lab.store) if str(guest.vmid) not in covered]
