"""What lists and `status/current` show of a guest: its configuration, and what its driver measures."""

from __future__ import annotations

from provisioner.lab.guests.driver import Power, Status
from provisioner.lab.proxmox import ha_state, machine
from provisioner.lab.proxmox.calls import Lab
from provisioner.lab.proxmox.guest_parameters import DRIVE
from provisioner.lab.proxmox.guest_store import Guest
from provisioner.lab.proxmox.properties import pairs
from provisioner.lab.proxmox.sizes import to_bytes
from provisioner.lab.proxmox.values import Document


def seen(lab: Lab, guest: Guest) -> Status:
    """Return what the driver sees of a guest."""
    return lab.driver.status(guest.node, guest.vmid)


def running(lab: Lab, guest: Guest) -> bool:
    """Return whether a guest runs."""
    return seen(lab, guest).power is Power.RUNNING


def _disk_size(config: Document) -> int:
    key = machine.boot_disk(config)
    size = pairs(str(config[key]), DRIVE).get("size") if key else None
    return to_bytes(size) if size else 0


def brief(lab: Lab, guest: Guest) -> tuple[Document, Status]:
    """Return what every view of a guest has in common, and what the driver saw."""
    status, config = seen(lab, guest), guest.config
    row: Document = {
        "vmid": guest.vmid,
        "status": status.power.value,
        "cpu": status.cpu_seconds / status.uptime / machine.cores(config) if status.uptime else 0,
        "mem": status.memory,
        "memhost": status.memory,
        "maxmem": machine.memory(config),
        "maxdisk": _disk_size(config),
        "disk": 0,
        "uptime": status.uptime,
        "netin": status.network_in,
        "netout": status.network_out,
        "name": str(config.get("name", f"VM {guest.vmid}")),
    }
    if config.get("tags"):
        row["tags"] = config["tags"]
    return row, status


def listed(lab: Lab, guest: Guest) -> Document:
    """Return a row of the node's list."""
    row, status = brief(lab, guest)
    row |= {"cpus": machine.cores(guest.config)}
    if guest.config.get("template"):
        row["template"] = 1
    if any(key.startswith("serial") for key in guest.config):
        row["serial"] = 1
    if status.pid is not None:
        row["pid"] = status.pid
    return row


def current(lab: Lab, guest: Guest) -> Document:
    """Return `status/current`."""
    kept = ha_state.managed(lab.store, guest.vmid)
    row = listed(lab, guest) | {"ha": {"managed": 0} if kept is None else {"managed": 1, "state": kept.get("state")}}
    if machine.agent_enabled(guest.config):
        row["agent"] = 1
    row["qmpstatus"] = row["status"]
    return row


def resource(lab: Lab, guest: Guest, pool: str | None) -> Document:
    """Return a row of the cluster's resources."""
    row, _ = brief(lab, guest)
    row |= {
        "id": f"qemu/{guest.vmid}",
        "type": "qemu",
        "node": guest.node,
        "maxcpu": machine.cores(guest.config),
        "template": int(bool(guest.config.get("template", 0))),
        "diskread": 0,
        "diskwrite": 0,
    }
    kept = ha_state.managed(lab.store, guest.vmid)
    row |= {"hastate": kept.get("state")} if kept is not None else {}
    return row | ({"pool": pool} if pool else {})
