"""Snapshots of guests: in the disks' own files, with what the driver keeps beside them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from provisioner.lab.proxmox import disk_image, drives, guest_config, guest_status, guest_store
from provisioner.lab.proxmox.access import EVERYONE, Need
from provisioner.lab.proxmox.calls import Call, Calls, Lab
from provisioner.lab.proxmox.drives import Place
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.guest_power import start
from provisioner.lab.proxmox.guest_store import Guest
from provisioner.lab.proxmox.machine import machine
from provisioner.lab.proxmox.parameters import boolean, text
from provisioner.lab.proxmox.storages import Volume
from provisioner.lab.proxmox.tasks import Log
from provisioner.lab.proxmox.values import Document, Json

CALLS = Calls()
_BASE = "/nodes/{node}/qemu/{vmid}/snapshot"
_ONE = f"{_BASE}/{{snapname}}"
NAME = text(max_length=40, min_length=2, pattern=r"[A-Za-z][A-Za-z0-9_-]+")
_TAKE = Need("/vms/{vmid}", "VM.Snapshot")
_INSIDE = {"snapname": NAME}
_PRESENT = "current"
_NONE = "snapshot feature is not available"


def _snapshot(guest: Guest, name: str) -> Document:
    found = guest.snapshots.get(name)
    if not isinstance(found, dict):
        raise Failure.of(f"snapshot '{name}' does not exist")
    return dict(found)


def config_of(guest: Guest, name: str) -> Document:
    """Return the configuration that a snapshot holds; raise Proxmox's refusal if there is no such snapshot."""
    found = _snapshot(guest, name).get("config")
    return dict(found) if isinstance(found, dict) else {}


def archive(lab: Lab, vmid: int, name: str) -> Path:
    """Return the file of what the driver kept at a snapshot."""
    return lab.root / "snapshots" / str(vmid) / f"{name}.tar"


def forget(lab: Lab, guest: Guest) -> None:
    """Remove the snapshots' files of a guest that is deleted; those in its disks go with them."""
    for name in guest.snapshots:
        archive(lab, guest.vmid, name).unlink(missing_ok=True)
    folder = archive(lab, guest.vmid, _PRESENT).parent
    if folder.is_dir():
        folder.rmdir()


def keyed_disks(place: Place, config: Document) -> Iterator[tuple[str, Volume]]:
    """Yield the disks of a configuration that belong to the guest with their keys, without the cloud-init drive."""
    for key, value in config.items():
        if drives.is_drive(key) and not drives.is_cdrom(str(value)):
            volume = drives.volume_of(place, str(value))
            if volume is not None:
                yield key, volume


def disks(place: Place, config: Document) -> Iterator[Volume]:
    """Yield the disks of a configuration that belong to the guest, without the cloud-init drive."""
    for _, volume in keyed_disks(place, config):
        yield volume


def _place(call: Call) -> Place:
    return Place(lab=call.lab, node=call.node, vmid=call.vmid)


@CALLS.get(_BASE, allow=Need("/vms/{vmid}", "VM.Audit"))
def list_snapshots(call: Call) -> Json:
    """Return the snapshots and the present state."""
    guest = guest_store.on_node(call.lab.store, call.node, call.vmid)
    rows: list[Document] = []
    for name in guest.snapshots:
        held = _snapshot(guest, name)
        row: Document = {"name": name, "vmstate": 0}
        rows.append(row | {key: value for key, value in held.items() if key != "config" and value is not None})
    present: Document = {
        "name": _PRESENT,
        "description": "You are here!",
        "digest": guest_config.digest_of(guest.config, guest.pending),
        "running": int(guest_status.running(call.lab, guest)),
    }
    return [*rows, present | ({"parent": guest.parent} if guest.parent else {})]


@CALLS.post(_BASE, allow=_TAKE, parameters={"snapname": NAME, "description": text(optional=True), "vmstate": boolean()})
def take(call: Call) -> Json:
    """Take a snapshot in a task."""
    name = call.text("snapname")
    if name == _PRESENT:
        raise Failure.of("unable to use snapshot name 'current' (reserved name)")

    def work(_: Log) -> None:
        with call.lab.guests.hold(call.vmid):
            _take(call, guest_store.on_node(call.lab.store, call.node, call.vmid), name)

    return call.task("qmsnapshot", str(call.vmid), work)


def _take(call: Call, guest: Guest, name: str) -> None:
    if guest.config.get("template"):
        raise Failure.of("snapshot feature is not available for a template")
    if name in guest.snapshots:
        raise Failure.of(f"snapshot name '{name}' already used")
    if call.flag("vmstate") and guest_status.running(call.lab, guest):
        raise Failure.of("the lab's guests cannot save their memory: take the snapshot without vmstate")
    held = list(disks(_place(call), guest.config))
    if any(disk_image.format_of(volume.path) != "qcow2" for volume in held):
        raise Failure.of(_NONE)
    made: list[Volume] = []
    try:
        call.lab.driver.save(guest.node, guest.vmid, archive(call.lab, guest.vmid, name))
        for volume in held:
            disk_image.snapshot("-c", name, volume.path)
            made.append(volume)
    except BaseException:
        archive(call.lab, guest.vmid, name).unlink(missing_ok=True)
        for volume in made:
            disk_image.snapshot("-d", name, volume.path)
        raise
    said: Document = {"description": call.text("description")} if call.has("description") else {"description": ""}
    taken: Document = {"config": guest.config, "snaptime": int(time.time()), "parent": guest.parent, **said}
    guest_store.keep(call.lab.store, replace(guest, snapshots=guest.snapshots | {name: taken}, parent=name))


@CALLS.get(_ONE, allow=EVERYONE, parameters=_INSIDE)
def read_snapshot(call: Call) -> Json:
    """Return what can be asked of a snapshot."""
    del call
    return [{"cmd": "config"}, {"cmd": "rollback"}]


@CALLS.get(f"{_ONE}/config", allow=Need("/vms/{vmid}", "VM.Snapshot", "VM.Snapshot.Rollback", "VM.Audit", any_of=True), parameters=_INSIDE)
def read_config(call: Call) -> Json:
    """Return the configuration that a snapshot holds."""
    guest = guest_store.on_node(call.lab.store, call.node, call.vmid)
    held = _snapshot(guest, call.text("snapname"))
    more = {key: held[key] for key in ("description", "snaptime", "parent") if held.get(key) is not None}
    return guest_config.masked(config_of(guest, call.text("snapname"))) | more


@CALLS.put(f"{_ONE}/config", allow=_TAKE, parameters=_INSIDE | {"description": text(optional=True)})
def describe(call: Call) -> Json:
    """Change the description of a snapshot."""
    name = call.text("snapname")
    with call.lab.guests.hold(call.vmid):
        guest = guest_store.on_node(call.lab.store, call.node, call.vmid)
        changed = _snapshot(guest, name) | ({"description": call.text("description")} if call.has("description") else {})
        guest_store.keep(call.lab.store, replace(guest, snapshots=guest.snapshots | {name: changed}))
    return None


@CALLS.delete(_ONE, allow=_TAKE, parameters=_INSIDE | {"force": boolean()})
def delete(call: Call) -> Json:
    """Delete a snapshot in a task; those that came from it now come from its parent."""
    name = call.text("snapname")

    def work(_: Log) -> None:
        with call.lab.guests.hold(call.vmid):
            _delete(call, guest_store.on_node(call.lab.store, call.node, call.vmid), name)

    return call.task("qmdelsnapshot", str(call.vmid), work)


def _delete(call: Call, guest: Guest, name: str) -> None:
    parent = _snapshot(guest, name).get("parent")
    for volume in disks(_place(call), config_of(guest, name)):
        if volume.path.is_file():
            disk_image.snapshot("-d", name, volume.path)
        elif not call.flag("force"):
            raise Failure.of(f"volume '{volume.id}' does not exist")
    archive(call.lab, guest.vmid, name).unlink(missing_ok=True)
    left: Document = {}
    for other in guest.snapshots:
        if other != name:
            held = _snapshot(guest, other)
            left[other] = held | ({"parent": parent} if held.get("parent") == name else {})
    present = guest.parent if guest.parent != name else (None if parent is None else str(parent))
    guest_store.keep(call.lab.store, replace(guest, snapshots=left, parent=present))


@CALLS.post(
    f"{_ONE}/rollback",
    allow=Need("/vms/{vmid}", "VM.Snapshot", "VM.Snapshot.Rollback", any_of=True),
    parameters=_INSIDE | {"start": boolean()},
)
def roll_back(call: Call) -> Json:
    """Go back to a snapshot in a task: a guest that runs is stopped first."""
    name = call.text("snapname")

    def work(_: Log) -> None:
        with call.lab.guests.hold(call.vmid):
            _roll_back(call, guest_store.on_node(call.lab.store, call.node, call.vmid), name)
            if call.flag("start"):
                start(call.lab, call.node, call.vmid)

    return call.task("qmrollback", str(call.vmid), work)


def _roll_back(call: Call, guest: Guest, name: str) -> None:
    config, place = config_of(guest, name), _place(call)
    held = list(disks(place, config))
    for volume in held:
        if not volume.path.is_file():
            raise Failure.of(f"volume '{volume.id}' does not exist")
    call.lab.driver.stop(machine(place, guest))
    for volume in held:
        disk_image.snapshot("-a", name, volume.path)
    call.lab.driver.load(guest.node, guest.vmid, archive(call.lab, guest.vmid, name))
    guest_store.keep(call.lab.store, replace(guest, config=config, pending={}, parent=name))
