"""Pools, as far as guests enter and leave them with their own life."""

from __future__ import annotations

from provisioner.lab.proxmox.store import Store
from provisioner.lab.proxmox.values import strings


def join(store: Store, pool: str, vmid: int) -> None:
    """Put a guest into a pool."""
    document = store.get("pool", pool) or {}
    members = [member for member in strings(document.get("vms")) if member != str(vmid)]
    store.put("pool", pool, document | {"vms": [*members, str(vmid)]})


def leave(store: Store, vmid: int) -> None:
    """Take a guest out of its pool."""
    for key, document in store.items("pool"):
        members = strings(document.get("vms"))
        if str(vmid) in members:
            store.put("pool", key, document | {"vms": [member for member in members if member != str(vmid)]})
