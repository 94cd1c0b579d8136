"""The guests of the store: one document per VMID with its node, its configuration and what is pending."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.store import Store
from provisioner.lab.proxmox.values import Document, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A guest: `config` is what runs (or will at the next start), `pending` waits for the next start (None: the key goes)."""

    vmid: int
    node: str
    config: Document
    pending: Document = field(default_factory=dict)
    snapshots: Document = field(default_factory=dict)  # name: {config, snaptime, description, parent}
    parent: str | None = None  # the snapshot that the present state came from

    def shown(self) -> Document:
        """Return the configuration with what is pending in its place."""
        merged = self.config | self.pending
        return {key: value for key, value in merged.items() if value is not None}

    def applied(self) -> Guest:
        """Return the guest once what was pending took effect."""
        return replace(self, config=self.shown(), pending={})


def missing(node: str, vmid: int) -> Failure:
    """Return Proxmox's refusal for a guest that is not on a node."""
    return Failure.of(f"Configuration file 'nodes/{node}/qemu-server/{vmid}.conf' does not exist")


def _guest(key: str, document: Document) -> Guest:
    return Guest(
        vmid=int(key),
        node=str(document["node"]),
        config=_mapping(document["config"]),
        pending=_mapping(document.get("pending")),
        snapshots=_mapping(document.get("snapshots")),
        parent=_name(document.get("parent")),
    )


def _name(value: Json) -> str | None:
    return None if value is None else str(value)


def _mapping(value: Json) -> Document:
    return dict(value) if isinstance(value, dict) else {}


def find(store: Store, vmid: int) -> Guest | None:
    """Return the guest with this VMID, on whichever node."""
    document = store.get("guest", str(vmid))
    return None if document is None else _guest(str(vmid), document)


def on_node(store: Store, node: str, vmid: int) -> Guest:
    """Return a guest of a node; raise Proxmox's refusal if it is not there."""
    guest = find(store, vmid)
    if guest is None or guest.node != node:
        raise missing(node, vmid)
    return guest


def every(store: Store) -> Iterator[Guest]:
    """Return all guests, by VMID."""
    for key, document in sorted(store.items("guest"), key=lambda item: int(item[0])):
        yield _guest(key, document)


def keep(store: Store, guest: Guest) -> None:
    """Write a guest."""
    store.put(
        "guest",
        str(guest.vmid),
        {"node": guest.node, "config": guest.config, "pending": guest.pending, "snapshots": guest.snapshots, "parent": guest.parent},
    )
