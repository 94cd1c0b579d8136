"""Clones and templates: another guest from the disks and the configuration of one."""

from __future__ import annotations

import time
import uuid
from contextlib import ExitStack
from dataclasses import replace

from provisioner.lab.proxmox import (
    disk_image,
    drives,
    guest_config,
    guest_snapshots,
    guest_status,
    guest_store,
    origin,
    pools_of_guests,
    storages,
)
from provisioner.lab.proxmox.access import AllOf, AnyOf, Need
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.drives import Place
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.guest_parameters import DISK_KEYS, DRIVE, NIC, SMBIOS
from provisioner.lab.proxmox.guest_store import Guest
from provisioner.lab.proxmox.parameters import VMID, boolean, dns_name, integer, node_name, storage_id, text
from provisioner.lab.proxmox.properties import joined, pairs
from provisioner.lab.proxmox.storages import Volume
from provisioner.lab.proxmox.tasks import Log
from provisioner.lab.proxmox.values import Document, Json

CALLS = Calls()
_GUEST = "/nodes/{node}/qemu/{vmid}"
_FORMAT = text(optional=True, enum=("raw", "qcow2", "vmdk"))
_OWN = ("vmgenid", "smbios1", "meta", "template", "lock", "parent")


@CALLS.post(
    f"{_GUEST}/clone",
    allow=AllOf(Need("/vms/{vmid}", "VM.Clone"), AnyOf(Need("/vms/{newid}", "VM.Allocate"), Need("/pool/{pool}", "VM.Allocate"))),
    parameters={
        "newid": VMID,
        "name": text(optional=True, check=dns_name),
        "description": text(optional=True),
        "pool": text(optional=True),
        "snapname": text(optional=True, max_length=40),
        "storage": text(optional=True, check=storage_id),
        "format": _FORMAT,
        "full": boolean(),
        "target": text(optional=True, check=node_name),
        "bwlimit": integer(optional=True, minimum=0),
    },
)
def clone(call: Call) -> Json:
    """Clone a guest in a task: a template linked unless `full` is asked for, any other guest in full."""
    source, new = _checked(call), call.integer("newid")

    def work(log: Log) -> None:
        with ExitStack() as held:
            for vmid in sorted((call.vmid, new)):
                held.enter_context(call.lab.guests.hold(vmid))
            _clone(call, guest_store.on_node(call.lab.store, call.node, call.vmid), log)

    return call.task("qmclone", str(source.vmid), work)


def _checked(call: Call) -> Guest:
    new, pool, target = call.integer("newid"), call.text("pool"), call.text("target", call.node)
    source = guest_store.find(call.lab.store, call.vmid)
    if source is None or source.node != call.node:
        raise Failure.of(f"unable to find configuration file for VM {call.vmid} on node '{call.node}'")
    if guest_store.find(call.lab.store, new) is not None:
        raise Failure.of(f"unable to create VM {new}: config file already exists")
    if pool and call.lab.store.get("pool", pool) is None:
        raise Failure(403, f"Permission check failed (pool '{pool}' does not exist)")
    if call.lab.store.get("node", target) is None:
        raise Failure.of(f"no such cluster node '{target}'")
    if call.has("snapname"):
        guest_snapshots.config_of(source, call.text("snapname"))
    for name in ("storage", "format"):
        if _linked(call, source) and call.has(name):
            raise Failure.parameter(name, f"parameter '{name}' not allowed for linked clones")
    _check_target(call, source, target)
    return source


def _check_target(call: Call, source: Guest, target: str) -> None:
    if call.has("storage"):
        call.require(f"/storage/{call.text('storage')}", "Datastore.AllocateSpace")
        storages.find(call.lab, target, call.text("storage"))
    if target != call.node and not all(_shared(call, volume) for volume in _volumes(call, source)):
        raise Failure.of(f"can't clone VM to node '{target}' (VM uses local storage)")


def _volumes(call: Call, guest: Guest) -> list[Volume]:
    return list(guest_snapshots.disks(Place(lab=call.lab, node=call.node, vmid=call.vmid), guest.config))


def _shared(call: Call, volume: Volume) -> bool:
    return bool((call.lab.store.get("storage", volume.storage.name) or {}).get("shared"))


def _linked(call: Call, guest: Guest) -> bool:
    return bool(guest.config.get("template")) and not call.flag("full", default=False)


def _clone(call: Call, source: Guest, log: Log) -> None:
    new = Place(lab=call.lab, node=call.node, vmid=call.integer("newid"))
    log(f"creating a clone of VM {source.vmid} with ID {new.vmid}")
    config = dict(guest_snapshots.config_of(source, call.text("snapname"))) if call.has("snapname") else dict(source.config)
    made: list[Volume] = []
    try:
        for key, value in config.items():
            if drives.is_drive(key):
                config[key], volume = _drive(call, source, new, key, str(value), log)
                made += [volume] if volume else []
        _kept(call, source, new)
        with call.lab.store.transaction():
            guest_store.keep(call.lab.store, Guest(vmid=new.vmid, node=call.text("target", call.node), config=_renewed(call, config)))
            if call.has("pool"):
                pools_of_guests.join(call.lab.store, call.text("pool"), new.vmid)
    except BaseException:
        for volume in made:
            drives.remove(volume)
        call.lab.driver.erase(call.node, new.vmid)
        raise


def _kept(call: Call, source: Guest, new: Place) -> None:
    """Give the clone what the driver keeps of its source beside the disks."""
    if call.has("snapname"):
        archive = guest_snapshots.archive(call.lab, source.vmid, call.text("snapname"))
        call.lab.driver.load(call.text("target", call.node), new.vmid, archive)
        return
    archive = call.lab.root / "tmp" / f"clone-{new.vmid}.tar"
    try:
        call.lab.driver.save(source.node, source.vmid, archive)
        call.lab.driver.load(call.text("target", call.node), new.vmid, archive)
    finally:
        archive.unlink(missing_ok=True)


def _drive(call: Call, source: Guest, new: Place, key: str, value: str, log: Log) -> tuple[str, Volume | None]:
    given = pairs(value, DRIVE)
    old = drives.volume_of(Place(lab=call.lab, node=call.node, vmid=source.vmid), value)
    if old is None:
        return value, None
    file = given.pop("file")
    if drives.is_cloud_init(value):
        name = call.text("storage", old.storage.name)
        written, volume = drives.make(new, key, f"{name}:cloudinit,format={old.path.suffix.removeprefix('.')}", log)
        return written + ",size=4M", volume
    if _linked(call, source):
        log(f"create linked clone of drive {key} ({file})")
        volume = storages.linked_disk(old, new.vmid)
        disk_image.link(old.path, volume.path)
    else:
        log(f"create full clone of drive {key} ({file})")
        storage = storages.find(call.lab, call.text("target", call.node), call.text("storage", old.storage.name))
        volume = storages.new_disk(storage, new.vmid, call.text("format", disk_image.format_of(old.path)))
        disk_image.copy(old.path, volume.path, call.text("snapname"))
    origin.follow(old.path, volume.path)
    return joined(volume.id, given), volume


def _renewed(call: Call, config: Document) -> Document:
    """Return a clone's configuration: what is a guest's own (MACs, UUIDs) is made anew."""
    kept: Document = {key: value for key, value in config.items() if key not in _OWN and not key.startswith("unused")}
    for key, value in kept.items():
        if key.startswith("net") and key[3:].isdigit():
            card = pairs(str(value), NIC)
            card.pop("macaddr", None)
            kept[key] = joined(f"{card.pop('model')}={guest_config.new_mac()}", card)
    kept["name"] = call.text("name", f"Copy-of-VM-{config.get('name', call.vmid)}")
    kept |= {"description": call.text("description")} if call.has("description") else {}
    kept |= {"meta": f"creation-qemu=10.0.13,ctime={int(time.time())}", "vmgenid": str(uuid.uuid4())}
    smbios = pairs(str(config.get("smbios1", "")), SMBIOS)
    return kept | {"smbios1": joined(f"uuid={uuid.uuid4()}", {key: value for key, value in smbios.items() if key != "uuid"})}


_DISKS = (*(f"{bus}{n}" for bus, count in DISK_KEYS.items() for n in range(count)), "efidisk0", "tpmstate0")


@CALLS.post(f"{_GUEST}/template", allow=Need("/vms/{vmid}", "VM.Allocate"), parameters={"disk": text(optional=True, enum=_DISKS)})
def make_template(call: Call) -> Json:
    """Make a stopped guest a template in a task: its disks are renamed and no longer written."""
    guest = guest_store.on_node(call.lab.store, call.node, call.vmid)
    if guest.config.get("template") and not call.has("disk"):
        raise Failure.of("you can't convert a template to a template")
    if guest.snapshots:
        raise Failure.of("unable to create template, because VM contains snapshots")
    if guest_status.running(call.lab, guest):
        raise Failure.of("you can't convert a VM to template if VM is running")

    def work(_: Log) -> None:
        with call.lab.guests.hold(call.vmid):
            _make_template(call, guest_store.on_node(call.lab.store, call.node, call.vmid))

    return call.task("qmtemplate", str(call.vmid), work)


def _make_template(call: Call, guest: Guest) -> None:
    place, config = Place(lab=call.lab, node=call.node, vmid=call.vmid), dict(guest.config)
    for key, value in guest.config.items():
        if not drives.is_drive(key) or drives.is_cdrom(str(value)) or call.text("disk", key) != key:
            continue
        volume = drives.volume_of(place, str(value))
        if volume is not None and not volume.path.name.startswith("base-"):
            base = storages.named(volume.storage, volume.name.replace("/vm-", "/base-"))
            volume.path.rename(base.path)
            origin.follow(volume.path, base.path)
            origin.forget(volume.path)
            given = pairs(str(value), DRIVE)
            given.pop("file")
            config[key] = joined(base.id, given)
    whole: Document = config if call.has("disk") else config | {"template": 1}
    guest_store.keep(call.lab.store, replace(guest, config=whole))
