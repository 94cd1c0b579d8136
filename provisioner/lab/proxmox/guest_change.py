"""PUT and POST .../config, resize, cloudinit: how a guest that exists is changed."""

from __future__ import annotations

from dataclasses import replace

from provisioner.lab.proxmox import drives, guest_config, guest_rights, guest_status, guest_store
from provisioner.lab.proxmox.access import Need
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.disk_image import resize, virtual_size
from provisioner.lab.proxmox.drives import Place
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.guest_parameters import CHANGES, CONFIG, DISK_KEYS
from provisioner.lab.proxmox.guest_store import Guest
from provisioner.lab.proxmox.machine import nics
from provisioner.lab.proxmox.parameters import boolean, declared, integer, text
from provisioner.lab.proxmox.sizes import to_bytes
from provisioner.lab.proxmox.tasks import Log
from provisioner.lab.proxmox.values import Document, Json, Value, split_list

CALLS = Calls()
_BESIDE = {
    "delete": text(optional=True),
    "digest": text(optional=True, max_length=40),
    "force": boolean(),
    "revert": text(optional=True),
    "skiplock": boolean(),
}
_NOT_CONFIG = frozenset({*_BESIDE, "node", "vmid", "background_delay", "import-working-storage"})
_ALLOW = Need("/vms/{vmid}", *CHANGES, any_of=True)


class _Change:
    """One change of a guest's configuration, made key by key."""

    def __init__(self, place: Place, guest: Guest, *, running: bool) -> None:
        self.place = place
        self.running = running
        self.config: Document = dict(guest.config)
        self.pending: Document = dict(guest.pending)
        self.replugged: list[str] = []  # cards that run on, but hang elsewhere

    def shown(self) -> Document:
        """Return the configuration as it will be."""
        return {key: value for key, value in (self.config | self.pending).items() if value is not None}

    def set(self, key: str, value: Json) -> None:
        """Set a key now, or note it for the next start."""
        if self.running and guest_config.same_card(str(self.config.get(key, "")), str(value), key):
            self.replugged.append(key)
            self.config[key] = value
            self.pending.pop(key, None)
        elif self.running and not guest_config.at_once(key):
            self.pending.pop(key, None)
            if self.config.get(key) != value:
                self.pending[key] = value
        else:
            self.config[key] = value
            self.pending.pop(key, None)

    def unset(self, key: str) -> None:
        """Take a key away now, or at the next start."""
        self.pending.pop(key, None)
        if key not in self.config:
            return
        if self.running and not guest_config.at_once(key):
            self.pending[key] = None
        else:
            del self.config[key]

    def drop_drive(self, key: str) -> None:
        """Take a drive away: a disk stays as `unusedN`, a cloud-init drive and an unused disk go with their file."""
        value = self.shown().get(key)
        volume = drives.volume_of(self.place, str(value)) if value is not None else None
        if volume is None:
            return
        if key.startswith("unused") or drives.is_cloud_init(str(value)):
            if not (self.running and not key.startswith("unused")):
                drives.remove(volume)
        else:
            number = next(n for n in range(256) if f"unused{n}" not in self.config)
            self.config[f"unused{number}"] = volume.id


def _settings(call: Call) -> dict[str, Value]:
    return {key: value for key, value in call.parameters.items() if key not in _NOT_CONFIG}


def _deleted(call: Call) -> tuple[str, ...]:
    keys = split_list(call.text("delete"))
    for key in keys:
        if declared(key, CONFIG) is None:
            raise Failure.parameter("delete", f"unknown option '{key}'")
    return keys


def _check(call: Call) -> tuple[dict[str, Value], tuple[str, ...]]:
    settings, deleted = _settings(call), _deleted(call)
    if not settings and not deleted and not call.has("revert") and not call.has("skiplock"):
        raise Failure.of("no options specified")
    for key in deleted:
        if key in settings:
            raise Failure.parameter("delete", f"you can't use '-{key}' and -delete {key}' at the same time")
    guest_rights.require_root_options(call, settings)
    guest_rights.require_changes(call, call.vmid, {**settings, **dict.fromkeys(deleted, "")})
    return settings, deleted


def _check_digest(call: Call, guest: Guest) -> None:
    given = call.text("digest")
    if given and given != guest_config.digest_of(guest.config, guest.pending):
        raise Failure.of("checksum mismatch (file change by other user?)")


def _apply(call: Call, settings: dict[str, Value], deleted: tuple[str, ...], log: Log) -> None:
    place = Place(lab=call.lab, node=call.node, vmid=call.vmid)
    guest = guest_store.on_node(call.lab.store, call.node, call.vmid)
    _check_digest(call, guest)
    change = _Change(place, guest, running=guest_status.running(call.lab, guest))
    for key in split_list(call.text("revert")):
        change.pending.pop(key, None)
    for key in deleted:
        _delete_key(change, key, log)
    for key, value in settings.items():
        _set_key(change, key, value, log)
    guest_store.keep(call.lab.store, replace(guest, config=change.config, pending=change.pending))
    _replug(call, change)


def _replug(call: Call, change: _Change) -> None:
    """Put the cards of a running guest where they now hang: behind its firewall first."""
    if not change.replugged:
        return
    call.lab.enforcement.settle(call.node)
    for nic in nics(call.lab.store, change.config):
        if f"net{nic.index}" in change.replugged:
            call.lab.switch.plug(call.node, call.vmid, nic)


def _delete_key(change: _Change, key: str, log: Log) -> None:
    if key not in change.shown():
        log(f"cannot delete '{key}' - not set in current configuration!")
        return
    if drives.is_drive(key) or key.startswith("unused"):
        change.drop_drive(key)
    change.unset(key)
    boot = str(change.shown().get("boot", ""))
    if key in boot:
        change.set("boot", guest_config.without_device(boot, key))


def _set_key(change: _Change, key: str, value: Value, log: Log) -> None:
    before = change.shown()
    if not drives.is_drive(key):
        change.set(key, guest_config.normal(key, value, before))
        return
    drives.check(change.place, str(value))
    old = str(before.get(key, ""))
    if old and drives.file_of(old) != drives.file_of(str(value)) and not (drives.is_cloud_init(old) and drives.is_cloud_init(str(value))):
        change.drop_drive(key)
    written, _ = drives.make(change.place, key, str(value), log)
    change.set(key, written)


@CALLS.put("/nodes/{node}/qemu/{vmid}/config", allow=_ALLOW, parameters={**CONFIG, **_BESIDE})
def change_config(call: Call) -> Json:
    """Change a guest's configuration; what a running guest cannot take over waits for its next start."""
    settings, deleted = _check(call)
    with call.lab.guests.hold(call.vmid):
        _apply(call, settings, deleted, lambda _: None)
    return None


@CALLS.post(
    "/nodes/{node}/qemu/{vmid}/config",
    allow=_ALLOW,
    parameters={
        **CONFIG,
        **_BESIDE,
        "background_delay": integer(optional=True, minimum=1, maximum=30),
        "import-working-storage": text(optional=True),
    },
)
def change_config_in_task(call: Call) -> Json:
    """Change a guest's configuration in a task."""
    settings, deleted = _check(call)
    _check_digest(call, guest_store.on_node(call.lab.store, call.node, call.vmid))

    def work(log: Log) -> None:
        with call.lab.guests.hold(call.vmid):
            _apply(call, settings, deleted, log)

    return call.task("qmconfig", str(call.vmid), work)


_DISKS = (*(f"{bus}{n}" for bus, count in DISK_KEYS.items() for n in range(count)), "efidisk0", "tpmstate0")


@CALLS.put(
    "/nodes/{node}/qemu/{vmid}/resize",
    allow=Need("/vms/{vmid}", "VM.Config.Disk"),
    parameters={
        "disk": text(enum=_DISKS),
        "size": text(pattern=r"\+?\d+(\.\d+)?[KMGT]?"),
        "digest": text(optional=True, max_length=40),
        "skiplock": boolean(),
    },
)
def resize_disk(call: Call) -> Json:
    """Grow a disk in a task."""

    def work(_: Log) -> None:
        with call.lab.guests.hold(call.vmid):
            _resize(call)

    return call.task("resize", str(call.vmid), work)


def _resize(call: Call) -> None:
    key, place = call.text("disk"), Place(lab=call.lab, node=call.node, vmid=call.vmid)
    guest = guest_store.on_node(call.lab.store, call.node, call.vmid)
    value = guest.shown().get(key)
    if value is None:
        raise Failure.of(f"disk '{key}' does not exist")
    volume = drives.volume_of(place, str(value))
    if volume is None:
        raise Failure.of(f"you can't resize a cdrom: '{key}'")
    asked, present = call.text("size"), virtual_size(volume.path)
    wanted = present + to_bytes(asked[1:]) if asked.startswith("+") else to_bytes(asked)
    resize(volume.path, wanted)
    where = guest.pending if key in guest.pending else guest.config
    where[key] = drives.resized(str(value), wanted)
    guest_store.keep(call.lab.store, guest)


@CALLS.put("/nodes/{node}/qemu/{vmid}/cloudinit", allow=Need("/vms/{vmid}", "VM.Config.Cloudinit"))
def rebuild_cloud_init(call: Call) -> Json:
    """Take over what changed of cloud-init; the driver reads the configuration itself at each start."""
    guest_store.on_node(call.lab.store, call.node, call.vmid)
    return None
