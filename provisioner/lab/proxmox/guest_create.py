"""POST /nodes/{node}/qemu: a new guest with its disks."""

from __future__ import annotations

from provisioner.lab.proxmox import drives, guest_config, guest_restore, guest_rights, guest_store, pools_of_guests
from provisioner.lab.proxmox.access import EVERYONE
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.drives import Place
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.guest_parameters import CONFIG
from provisioner.lab.proxmox.guest_power import start
from provisioner.lab.proxmox.guest_store import Guest
from provisioner.lab.proxmox.parameters import VMID, boolean, integer, text
from provisioner.lab.proxmox.storages import Volume
from provisioner.lab.proxmox.tasks import Log
from provisioner.lab.proxmox.values import Document, Json, Value

CALLS = Calls()
_BESIDE = {
    "vmid": VMID,
    "archive": text(optional=True, max_length=255),
    "bwlimit": integer(optional=True, minimum=0),
    "force": boolean(requires="archive"),
    "ha-managed": boolean(),
    "import-working-storage": text(optional=True),
    "live-restore": boolean(),
    "pool": text(optional=True),
    "start": boolean(),
    "storage": text(optional=True),
    "unique": boolean(requires="archive"),
}
_NOT_CONFIG = frozenset({*_BESIDE, "node"})


def _settings(call: Call) -> dict[str, Value]:
    return {key: value for key, value in call.parameters.items() if key not in _NOT_CONFIG}


def _check(call: Call, place: Place, settings: dict[str, Value]) -> None:
    pool = call.text("pool")
    if not call.allowed(f"/vms/{place.vmid}", "VM.Allocate") and not (pool and call.allowed(f"/pool/{pool}", "VM.Allocate")):
        raise Failure.denied()
    if pool and call.lab.store.get("pool", pool) is None:
        raise Failure(403, f"Permission check failed (pool '{pool}' does not exist)")
    guest_rights.require_root_options(call, settings)
    guest_rights.require_changes(call, place.vmid, settings, pool)
    if not call.has("archive"):
        _refuse_taken(place)
    for key, value in settings.items():
        if drives.is_drive(key):
            drives.check(place, str(value))
        elif key == "sshkeys":
            guest_config.check_keys(str(value))


def _refuse_taken(place: Place) -> None:
    taken = guest_store.find(place.lab.store, place.vmid)
    if taken is not None:
        raise Failure.of(f"unable to create VM {place.vmid} - VM {place.vmid} already exists on node '{taken.node}'")


@CALLS.post("/nodes/{node}/qemu", allow=EVERYONE, parameters={**CONFIG, **_BESIDE})
def create_guest(call: Call) -> Json:
    """Make a guest in a task: its disks, its configuration, its place in a pool."""
    place, settings = Place(lab=call.lab, node=call.node, vmid=call.vmid), _settings(call)
    _check(call, place, settings)
    if call.has("archive"):
        return guest_restore.restore(call, place, settings)

    def work(log: Log) -> None:
        with call.lab.guests.hold(place.vmid):
            _make(place, settings, call.text("pool"), log)
            if call.flag("start"):
                start(call.lab, place.node, place.vmid)

    return call.task("qmcreate", str(place.vmid), work)


def _make(place: Place, settings: dict[str, Value], pool: str, log: Log) -> None:
    _refuse_taken(place)
    made: list[Volume] = []
    config: Document = {}
    try:
        for key, value in _ordered(settings):
            if drives.is_drive(key):
                config[key], volume = drives.make(place, key, str(value), log)
                made += [volume] if volume else []
            else:
                config[key] = guest_config.normal(key, value, {})
        with place.lab.store.transaction():
            _refuse_taken(place)
            guest_store.keep(place.lab.store, Guest(vmid=place.vmid, node=place.node, config=guest_config.completed(config)))
            if pool:
                pools_of_guests.join(place.lab.store, pool, place.vmid)
    except BaseException as error:
        for volume in made:
            drives.remove(volume)
        if isinstance(error, Failure) and not error.reason.startswith("unable to create"):
            raise Failure.of(f"unable to create VM {place.vmid} - {error.reason}") from error
        raise


def _ordered(settings: dict[str, Value]) -> list[tuple[str, Value]]:
    """Return the settings with drives by bus and number: disk numbers follow it."""
    return sorted(settings.items(), key=lambda item: (item[0].rstrip("0123456789"), len(item[0]), item[0]))
