"""Guests that the high availability manager keeps: which they are, and in what state they shall be."""

from __future__ import annotations

from provisioner.lab.proxmox.store import Store
from provisioner.lab.proxmox.values import Document

DEFAULTS: Document = {"state": "started", "max_restart": 1, "max_relocate": 1}


def sid_of(vmid: int) -> str:
    """Return the name of a guest as a resource."""
    return f"vm:{vmid}"


def managed(store: Store, vmid: int) -> Document | None:
    """Return the resource of a guest; None if it is not managed."""
    return store.get("ha_resource", sid_of(vmid))


def note(store: Store, vmid: int, state: str) -> None:
    """Note the state that somebody asked for, if the guest is managed."""
    with store.transaction():
        kept = managed(store, vmid)
        if kept is not None and kept.get("state") != "ignored":
            store.put("ha_resource", sid_of(vmid), kept | {"state": state})
