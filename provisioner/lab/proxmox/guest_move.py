"""Moves: a disk to another storage or another guest, a guest to another node."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace

from provisioner.lab.proxmox import disk_image, drives, guest_config, guest_status, guest_store, origin, storages
from provisioner.lab.proxmox.access import Need
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.drives import Place
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.guest_change import change_config
from provisioner.lab.proxmox.guest_parameters import DISK_KEYS, DRIVE
from provisioner.lab.proxmox.guest_store import Guest
from provisioner.lab.proxmox.machine import machine
from provisioner.lab.proxmox.parameters import VMID, boolean, integer, node_name, storage_id, text
from provisioner.lab.proxmox.properties import joined, pairs
from provisioner.lab.proxmox.segments import bridges_of
from provisioner.lab.proxmox.storages import Volume
from provisioner.lab.proxmox.tasks import Log
from provisioner.lab.proxmox.values import Document, Json, split_list

CALLS = Calls()
_GUEST = "/nodes/{node}/qemu/{vmid}"
_DISKS = (
    *(f"{bus}{n}" for bus, count in DISK_KEYS.items() for n in range(count)),
    "efidisk0",
    "tpmstate0",
    *(f"unused{n}" for n in range(256)),
)


@CALLS.post(
    f"{_GUEST}/move_disk",
    allow=Need("/vms/{vmid}", "VM.Config.Disk"),
    parameters={
        "disk": text(enum=_DISKS),
        "storage": text(optional=True, check=storage_id),
        "format": text(optional=True, enum=("raw", "qcow2", "vmdk")),
        "delete": boolean(),
        "digest": text(optional=True, max_length=40),
        "bwlimit": integer(optional=True, minimum=0),
        "target-vmid": integer(optional=True, check=VMID.check),
        "target-disk": text(optional=True, enum=_DISKS),
        "target-digest": text(optional=True, max_length=40),
    },
)
def move_disk(call: Call) -> Json:
    """Move a disk in a task: to another storage or format, or to another guest of the node."""
    if call.has("target-vmid") == call.has("storage"):
        raise Failure.parameter("storage", "either 'storage' or 'target-vmid' is needed, and not both")
    guest = guest_store.on_node(call.lab.store, call.node, call.vmid)
    _check_digest(guest, call.text("digest"))
    _disk(call, guest)
    if call.has("target-vmid"):
        return _to_guest(call)
    call.require(f"/storage/{call.text('storage')}", "Datastore.AllocateSpace")
    storages.find(call.lab, call.node, call.text("storage"))

    def work(log: Log) -> None:
        with call.lab.guests.hold(call.vmid):
            _move(call, guest_store.on_node(call.lab.store, call.node, call.vmid), log)

    return call.task("qmmove", str(call.vmid), work)


def _check_digest(guest: Guest, given: str) -> None:
    if given and given != guest_config.digest_of(guest.config, guest.pending):
        raise Failure.of("checksum mismatch (file change by other user?)")


def _disk(call: Call, guest: Guest) -> Volume:
    key = call.text("disk")
    value = guest.config.get(key)
    if value is None:
        raise Failure.of(f"disk '{key}' does not exist")
    volume = drives.volume_of(Place(lab=call.lab, node=call.node, vmid=call.vmid), str(value))
    if volume is None or drives.is_cdrom(str(value)):
        raise Failure.of("you can't move a cdrom")
    return volume


def _move(call: Call, guest: Guest, log: Log) -> None:
    key, old = call.text("disk"), _disk(call, guest)
    storage = storages.find(call.lab, call.node, call.text("storage"))
    ending = call.text("format", disk_image.format_of(old.path))
    if storage.name == old.storage.name and ending == disk_image.format_of(old.path):
        raise Failure.of("you can't move to the same storage with same format")
    if "images" not in storage.content:
        raise Failure.of(f"storage '{storage.name}' does not support content-type 'images'")
    if guest.snapshots and call.flag("delete"):
        raise Failure.of("you can't move a disk with snapshots and delete the source")
    storages.refuse_used(old)
    log(f"create full clone of drive {key} ({old.id})")
    new = storages.new_disk(storage, call.vmid, ending)
    disk_image.copy(old.path, new.path)
    origin.follow(old.path, new.path)
    given = pairs(str(guest.config[key]), DRIVE)
    given.pop("file", None)
    config: Document = guest.config | {key: joined(new.id, given) if not key.startswith("unused") else new.id}
    if not call.flag("delete"):
        number = next(n for n in range(256) if f"unused{n}" not in config)
        config[f"unused{number}"] = old.id
    guest_store.keep(call.lab.store, replace(guest, config=config))
    if call.flag("delete"):
        drives.remove(old)


def _to_guest(call: Call) -> Json:
    target, key = call.integer("target-vmid"), call.text("target-disk", call.text("disk"))
    call.require(f"/vms/{target}", "VM.Config.Disk")
    if target == call.vmid:
        raise Failure.parameter("target-vmid", "must be different than source VMID to reassign disk to another VM")
    other = guest_store.on_node(call.lab.store, call.node, target)
    _check_digest(other, call.text("target-digest"))
    if key in other.config:
        raise Failure.parameter("target-disk", f"Target disk key '{key}' is already in use for target VM '{target}'")

    def work(log: Log) -> None:
        with ExitStack() as held:
            for vmid in sorted((call.vmid, target)):
                held.enter_context(call.lab.guests.hold(vmid))
            _reassign(call, guest_store.on_node(call.lab.store, call.node, target), key, log)

    return call.task("qmmove", f"{call.vmid}-{target}", work)


def _reassign(call: Call, other: Guest, key: str, log: Log) -> None:
    guest = guest_store.on_node(call.lab.store, call.node, call.vmid)
    for one in (guest, other):
        if guest_status.running(call.lab, one):
            raise Failure.of(f"VM {one.vmid} is running: a disk is reassigned between stopped guests")
    old = _disk(call, guest)
    storages.refuse_used(old)
    new = storages.new_disk(old.storage, other.vmid, disk_image.format_of(old.path))
    new.path.parent.mkdir(parents=True, exist_ok=True)
    log(f"moving disk '{call.text('disk')}' from VM '{guest.vmid}' to '{other.vmid}'")
    old.path.rename(new.path)
    origin.follow(old.path, new.path)
    drives.remove(old)
    given = pairs(str(guest.config[call.text("disk")]), DRIVE)
    given.pop("file", None)
    left: Document = {name: value for name, value in guest.config.items() if name != call.text("disk")}
    with call.lab.store.transaction():
        guest_store.keep(call.lab.store, replace(guest, config=left))
        guest_store.keep(call.lab.store, replace(other, config=other.config | {key: joined(new.id, given)}))


@CALLS.put(f"{_GUEST}/unlink", allow=Need("/vms/{vmid}", "VM.Config.Disk"), parameters={"idlist": text(), "force": boolean()})
def unlink(call: Call) -> Json:
    """Take disks away, as a change of the configuration with `delete`; with `force` their files go too."""
    for key in split_list(call.text("idlist")):
        if not drives.is_drive(key) and not key.startswith("unused"):
            raise Failure.parameter("idlist", f"invalid format - '{key}' is no disk\n")
    change_config(replace(call, parameters={"node": call.node, "vmid": call.vmid, "delete": call.text("idlist")}))
    if call.flag("force"):
        guest = guest_store.on_node(call.lab.store, call.node, call.vmid)
        unused = ",".join(key for key in guest.config if key.startswith("unused"))
        if unused:
            change_config(replace(call, parameters={"node": call.node, "vmid": call.vmid, "delete": unused}))
    return None


@CALLS.get(f"{_GUEST}/migrate", allow=Need("/vms/{vmid}", "VM.Migrate"), parameters={"target": text(optional=True, check=node_name)})
def migration(call: Call) -> Json:
    """Return whether and where a guest may migrate."""
    guest = guest_store.on_node(call.lab.store, call.node, call.vmid)
    rows: list[Document] = []
    for key, volume in _local_disks(call, guest).items():
        size = disk_image.virtual_size(volume.path) if volume.path.is_file() else 0
        row: Document = {
            "volid": volume.id,
            "drivename": key,
            "size": size,
            "shared": 0,
            "replicate": 1,
            "cdrom": int(drives.is_cdrom(str(guest.config[key]))),
        }
        row |= {"is_cloudinit": int(drives.is_cloud_init(str(guest.config[key])))}
        row |= {
            "is_attached": int(not key.startswith("unused")),
            "is_unused": int(key.startswith("unused")),
            "is_vmstate": 0,
            "is_tpmstate": 0,
        }
        rows.append(row)
    found: Document = {
        "running": int(guest_status.running(call.lab, guest)),
        "local_disks": rows,
        "local_resources": [],
        "mapped-resources": [],
        "mapped-resource-info": {},
        "has-dbus-vmstate": 1,
    }
    others = [node for node in call.lab.store.keys("node") if node != call.node]
    return found | {"allowed_nodes": others, "not_allowed_nodes": {}}


def _local_disks(call: Call, guest: Guest) -> Mapping[str, Volume]:
    place, found = Place(lab=call.lab, node=guest.node, vmid=guest.vmid), {}
    for key, value in guest.config.items():
        if drives.is_drive(key) or key.startswith("unused"):
            volume = drives.volume_of(place, str(value))
            if volume is not None:
                found[key] = volume
    return found


@CALLS.post(
    f"{_GUEST}/migrate",
    allow=Need("/vms/{vmid}", "VM.Migrate"),
    parameters={
        "target": text(check=node_name),
        "online": boolean(),
        "force": boolean(),
        "with-local-disks": boolean(),
        "with-conntrack-state": boolean(),
        "targetstorage": text(optional=True),
        "migration_type": text(optional=True, enum=("secure", "insecure")),
        "migration_network": text(optional=True),
        "bwlimit": integer(optional=True, minimum=0),
    },
)
def migrate(call: Call) -> Json:
    """Carry a guest over to another node in a task: its disks, its configuration, and its network if it runs."""
    target = call.text("target")
    if call.lab.store.get("node", target) is None:
        raise Failure.of(f"no such cluster node '{target}'")
    if target == call.node:
        raise Failure.parameter("target", "target is local node.")
    guest = guest_store.on_node(call.lab.store, call.node, call.vmid)
    if guest_status.running(call.lab, guest) and not call.flag("online"):
        raise Failure.of("can't migrate running VM without --online")

    def work(log: Log) -> None:
        with call.lab.guests.hold(call.vmid):
            carry(call, guest_store.on_node(call.lab.store, call.node, call.vmid), target, log)

    return call.task("qmigrate", str(call.vmid), work)


def carry(call: Call, guest: Guest, target: str, log: Log) -> None:
    """Carry a guest over to another node now."""
    running = guest_status.running(call.lab, guest)
    volumes = _local_disks(call, guest)
    local = [volume for volume in volumes.values() if not volume.storage.settings.get("shared")]
    if running and local and not call.flag("with-local-disks"):
        raise Failure.of("can't live migrate attached local disks without with-local-disks option")
    _require_bridges(call, guest, target)
    config, moved = dict(guest.config), []
    for key, volume in volumes.items():
        storage = storages.find(call.lab, target, _target_storage(call, volume.storage.name))
        if volume.name.count("/") > 1:
            raise Failure.of(f"can't migrate local disk '{volume.id}': it is linked to a template's")
        storages.refuse_used(volume)
        new = storages.named(storage, volume.name)
        if new.path.exists():
            raise Failure.of(f"volume '{new.id}' already exists on node '{target}'")
        moved.append((key, volume, new))
    for key, volume, new in moved:
        log(f"copying local disk image '{volume.id}' to '{new.id}'")
        new.path.parent.mkdir(parents=True, exist_ok=True)
        volume.path.rename(new.path)
        origin.follow(volume.path, new.path)
        drives.remove(volume)
        given = pairs(str(config[key]), DRIVE)
        given.pop("file", None)
        config[key] = joined(new.id, given)
    before = machine(Place(lab=call.lab, node=target, vmid=guest.vmid), replace(guest, config=config))
    guest_store.keep(call.lab.store, replace(guest, node=target, config=config))
    if running:
        call.lab.enforcement.settle(target)
        call.lab.driver.migrate(before, target)
    log("migration finished successfully")


def _target_storage(call: Call, name: str) -> str:
    """Return the storage that `targetstorage` names for one: `1` keeps it, `a:b` is a pair, a bare name is for all."""
    chosen = name
    for part in split_list(call.text("targetstorage")):
        first, colon, second = part.partition(":")
        if colon and first == name:
            return second
        if not colon and part != "1":
            chosen = part
    return chosen


def _require_bridges(call: Call, guest: Guest, target: str) -> None:
    known = bridges_of(call.lab.store, target)
    for key, value in guest.config.items():
        if key.startswith("net") and key[3:].isdigit():
            bridge = dict(part.partition("=")[::2] for part in str(value).split(",")).get("bridge", "")
            if bridge and bridge not in known:
                raise Failure.of(f"bridge '{bridge}' does not exist on node '{target}'")
