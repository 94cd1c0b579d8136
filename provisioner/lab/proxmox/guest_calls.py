"""Guests: the node's list, the configuration as it is read, what is pending, and the end of a guest."""

from __future__ import annotations

from dataclasses import replace

from provisioner.lab.guests import seed
from provisioner.lab.proxmox import (
    drives,
    guest_config,
    guest_snapshots,
    guest_status,
    guest_store,
    ha_state,
    machine,
    pools_of_guests,
    storages,
)
from provisioner.lab.proxmox.access import Need
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.drives import Place
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.guest_store import Guest
from provisioner.lab.proxmox.parameters import boolean, text
from provisioner.lab.proxmox.tasks import Log
from provisioner.lab.proxmox.values import Document, Json

CALLS = Calls()
_AUDIT = Need("/vms/{vmid}", "VM.Audit")
CALLS.index(
    "/nodes/{node}/qemu/{vmid}",
    "subdir",
    ("config", "cloudinit", "pending", "status", "unlink", "migrate", "resize", "clone", "template", "snapshot", "agent", "firewall"),
    allow=_AUDIT,
)
_CLOUD_INIT = ("cicustom", "cipassword", "citype", "ciupgrade", "ciuser", "ipconfig", "nameserver", "searchdomain", "sshkeys")


@CALLS.get("/nodes/{node}/qemu", parameters={"full": boolean()})
def list_guests(call: Call) -> Json:
    """Return the guests of a node that the caller may see."""
    return [
        guest_status.listed(call.lab, guest) | ({"qmpstatus": guest_status.seen(call.lab, guest).power.value} if call.flag("full") else {})
        for guest in guest_store.every(call.lab.store)
        if guest.node == call.node and call.allowed(f"/vms/{guest.vmid}", "VM.Audit")
    ]


@CALLS.get(
    "/nodes/{node}/qemu/{vmid}/config", allow=_AUDIT, parameters={"current": boolean(), "snapshot": text(optional=True, max_length=40)}
)
def read_config(call: Call) -> Json:
    """Return the configuration: with what is pending in its place, or with `current` what is in force."""
    guest = guest_store.on_node(call.lab.store, call.node, call.vmid)
    if call.has("snapshot"):
        return guest_config.masked(guest_snapshots.config_of(guest, call.text("snapshot")))
    shown = guest_config.masked(guest.config if call.flag("current") else guest.shown())
    parent: Document = {"parent": guest.parent} if guest.parent else {}
    return shown | parent | {"digest": guest_config.digest_of(guest.config, guest.pending)}


@CALLS.get("/nodes/{node}/qemu/{vmid}/pending", allow=_AUDIT)
def read_pending(call: Call) -> Json:
    """Return each key with its value in force and the one that waits."""
    guest = guest_store.on_node(call.lab.store, call.node, call.vmid)
    config, pending = guest_config.masked(guest.config), guest_config.masked(guest.pending)
    config["digest"] = guest_config.digest_of(guest.config, guest.pending)
    rows: list[Document] = []
    for key in {**config, **guest.pending}:
        row: Document = {"key": key} | ({"value": config[key]} if key in config else {})
        if key in guest.pending:
            row |= {"delete": 1} if guest.pending[key] is None else {"pending": pending[key]}
        rows.append(row)
    return rows


@CALLS.get("/nodes/{node}/qemu/{vmid}/cloudinit", allow=_AUDIT)
def read_cloud_init(call: Call) -> Json:
    """Return the keys of cloud-init; none is pending, since the driver reads them at each start."""
    guest = guest_store.on_node(call.lab.store, call.node, call.vmid)
    return [{"key": key, "value": value} for key, value in guest_config.masked(guest.shown()).items() if key.startswith(_CLOUD_INIT)]


@CALLS.get("/nodes/{node}/qemu/{vmid}/cloudinit/dump", allow=_AUDIT, parameters={"type": text(enum=("user", "network", "meta"))})
def dump_cloud_init(call: Call) -> Json:
    """Return a file of the cloud-init drive as the guest will read it; a password's hash is masked."""
    guest = guest_store.on_node(call.lab.store, call.node, call.vmid)
    config = guest.shown() | ({"cipassword": guest_config.MASK} if "cipassword" in guest.shown() else {})
    box = machine.machine(Place(lab=call.lab, node=call.node, vmid=call.vmid), replace(guest, config=config))
    return seed.files(box).get({"user": "user-data", "network": "network-config", "meta": "meta-data"}[call.text("type")], "")


@CALLS.get(
    "/nodes/{node}/qemu/{vmid}/feature",
    allow=_AUDIT,
    parameters={"feature": text(enum=("snapshot", "clone", "copy")), "snapname": text(optional=True, max_length=40)},
)
def feature(call: Call) -> Json:
    """Return whether a guest's disks can be snapshot, cloned by linking, or copied, and on which nodes."""
    guest = guest_store.on_node(call.lab.store, call.node, call.vmid)
    held = list(guest_snapshots.disks(Place(lab=call.lab, node=call.node, vmid=call.vmid), guest.config))
    match call.text("feature"):
        case "snapshot":
            has = all(volume.path.suffix == ".qcow2" for volume in held)
        case "clone":
            has = bool(guest.config.get("template"))
        case _:
            has = True
    return {"hasFeature": int(has), "nodes": [call.node]}


@CALLS.get("/nodes/{node}/qemu/{vmid}/status/current", allow=_AUDIT)
def read_status(call: Call) -> Json:
    """Return what the guest does now."""
    return guest_status.current(call.lab, guest_store.on_node(call.lab.store, call.node, call.vmid))


@CALLS.delete(
    "/nodes/{node}/qemu/{vmid}",
    allow=Need("/vms/{vmid}", "VM.Allocate"),
    parameters={"destroy-unreferenced-disks": boolean(), "purge": boolean(), "skiplock": boolean()},
)
def destroy_guest(call: Call) -> Json:
    """Delete a stopped guest with its disks, its firewall, its rights and its place in a pool."""
    guest = guest_store.on_node(call.lab.store, call.node, call.vmid)
    if guest.config.get("protection"):
        raise Failure.of(f"can't remove VM {call.vmid} - protection mode enabled")
    if guest_status.running(call.lab, guest):
        raise Failure.of(f"VM {call.vmid} is running - destroy failed")
    if ha_state.managed(call.lab.store, call.vmid) is not None and not call.flag("purge"):
        raise Failure.of(f"unable to remove VM {call.vmid} - used in HA resources and purge parameter not set.")

    def work(log: Log) -> None:
        with call.lab.guests.hold(call.vmid):
            _destroy(call, guest_store.on_node(call.lab.store, call.node, call.vmid), log)

    return call.task("qmdestroy", str(call.vmid), work)


def _destroy(call: Call, guest: Guest, log: Log) -> None:
    place = Place(lab=call.lab, node=call.node, vmid=call.vmid)
    if guest_status.running(call.lab, guest):
        raise Failure.of(f"VM {call.vmid} is running - destroy failed")
    for base in guest_snapshots.disks(place, guest.config):
        storages.refuse_used(base)
    guest_snapshots.forget(call.lab, guest)
    call.lab.driver.erase(call.node, call.vmid)
    _remove_drives(place, guest, log)
    if call.flag("destroy-unreferenced-disks"):
        _remove_unreferenced(place)
    if call.flag("purge"):
        log(f"purging VM {call.vmid} from related configurations..")
    _forget(call)


def _remove_drives(place: Place, guest: Guest, log: Log) -> None:
    for key, value in {**guest.config, **guest.pending}.items():
        if not drives.is_drive(key) and not key.startswith("unused"):
            continue
        volume = drives.volume_of(place, str(value)) if value is not None else None
        if volume is not None:
            if not volume.path.exists():
                log(f"disk image '{volume.declared}' does not exist")
            drives.remove(volume)


def _remove_unreferenced(place: Place) -> None:
    for name, settings in place.lab.store.items("storage"):
        if not storages.available(settings, place.node):
            continue
        for volume in storages.volumes(storages.find(place.lab, place.node, name)):
            if volume.vmid == place.vmid:
                drives.remove(volume)


def _forget(call: Call) -> None:
    store = call.lab.store
    with store.transaction():
        store.delete("guest", str(call.vmid))
        store.delete("ha_resource", ha_state.sid_of(call.vmid))
        pools_of_guests.leave(store, call.vmid)
        for key in store.keys("acl", f"/vms/{call.vmid}|"):
            store.delete("acl", key)
        for key in store.keys("firewall", f"{call.vmid}/"):
            store.delete("firewall", key)
