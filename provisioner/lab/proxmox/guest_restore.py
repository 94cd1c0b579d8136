"""POST /nodes/{node}/qemu with `archive`: a guest from its backup."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from provisioner.lab.proxmox import backup_file, drives, guest_config, guest_snapshots, guest_status, guest_store, pools_of_guests, storages
from provisioner.lab.proxmox.calls import Call
from provisioner.lab.proxmox.drives import Place
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.guest_parameters import NIC
from provisioner.lab.proxmox.guest_power import start
from provisioner.lab.proxmox.guest_store import Guest
from provisioner.lab.proxmox.properties import joined, pairs
from provisioner.lab.proxmox.storages import Volume
from provisioner.lab.proxmox.tasks import Log
from provisioner.lab.proxmox.values import Document, Value


def restore(call: Call, place: Place, settings: Mapping[str, Value]) -> str:
    """Restore a guest in a task; with `force` in place of a stopped one."""
    archive = _archive(call)
    if any(drives.is_drive(key) for key in settings):
        raise Failure.of("the lab restores disks as the archive holds them: give no drive beside 'archive'")
    if call.has("storage"):
        call.require(f"/storage/{call.text('storage')}", "Datastore.AllocateSpace")
        storages.find(call.lab, call.node, call.text("storage"))
    _replaced(call, place)

    def work(log: Log) -> None:
        with call.lab.guests.hold(place.vmid):
            with backup_file.unpacked(call.lab, archive, place.vmid) as folder:
                _restore(call, place, settings, folder, log)
            if call.flag("start"):
                start(call.lab, place.node, place.vmid)

    return call.task("qmrestore", str(place.vmid), work)


def _archive(call: Call) -> Volume:
    given = call.text("archive")
    if ":" not in given:
        raise Failure.of("the lab restores from volumes of a storage only")
    volume = storages.existing(call.lab, call.node, given)
    call.require_any(f"/storage/{volume.storage.name}", "Datastore.Allocate", "Datastore.AllocateSpace", "Datastore.Audit")
    if volume.content != "backup" or backup_file.parsed(volume.path.name) is None:
        raise Failure.of(f"'{given}' is no backup of a guest")
    return volume


def _replaced(call: Call, place: Place) -> Guest | None:
    """Return the guest that is replaced; raise Proxmox's refusal of one that may not be."""
    old = guest_store.find(call.lab.store, place.vmid)
    if old is None:
        return None
    told = f"unable to restore VM {place.vmid} - "
    if old.node != place.node or not call.flag("force"):
        raise Failure.of(f"{told}VM {place.vmid} already exists on node '{old.node}'")
    if guest_status.running(call.lab, old):
        raise Failure.of(f"{told}vm is running")
    if old.config.get("protection"):
        raise Failure.of(f"{told}protection mode enabled")
    return old


def _restore(call: Call, place: Place, settings: Mapping[str, Value], folder: Path, log: Log) -> None:
    old = _replaced(call, place)
    if old is not None:
        _clear(call, place, old)
    restored = backup_file.put_back(place, folder, call.text("storage"), log)
    config = dict(restored.config)
    config |= {key: guest_config.normal(key, value, config) for key, value in settings.items()}
    if call.flag("unique"):
        config = _unique(config)
    try:
        backup_file.put_rest_back(call.lab, place.node, place.vmid, folder)
        with call.lab.store.transaction():
            guest_store.keep(call.lab.store, Guest(vmid=place.vmid, node=place.node, config=config))
            if call.has("pool"):
                pools_of_guests.join(call.lab.store, call.text("pool"), place.vmid)
    except BaseException:
        for volume in restored.volumes:
            drives.remove(volume)
        raise


def _clear(call: Call, place: Place, old: Guest) -> None:
    """Remove the disks and the kept state of the guest that is replaced."""
    for volume in list(guest_snapshots.disks(place, old.config)):
        storages.refuse_used(volume)
        drives.remove(volume)
    guest_snapshots.forget(call.lab, old)
    call.lab.driver.erase(place.node, place.vmid)


def _unique(config: Document) -> Document:
    """Return a configuration with new MAC addresses."""
    for key, value in config.items():
        if key.startswith("net") and key[3:].isdigit():
            card = pairs(str(value), NIC)
            card.pop("macaddr", None)
            config[key] = joined(f"{card.pop('model')}={guest_config.new_mac()}", card)
    return config
