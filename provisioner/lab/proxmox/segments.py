"""Where a card hangs: a bridge of its node, or a virtual network that stands for one."""

from __future__ import annotations

from provisioner.lab.proxmox.store import Store


def bridges_of(store: Store, node: str) -> frozenset[str]:
    """Return the names that a card's `bridge` may have on a node: its bridges, and the virtual networks in force."""
    own = {key.partition("/")[2] for key, row in store.items("network", f"{node}/") if row.get("type") == "bridge"}
    virtual = {key.removeprefix("vnets/") for key in store.keys("sdn_running", "vnets/")}
    return frozenset(own | virtual)


def segment(store: Store, bridge: str, tag: int | None) -> tuple[str, int | None]:
    """Return the bridge and the VLAN of a card: a virtual network of a VLAN zone is a tag on that zone's bridge."""
    vnet = store.get("sdn_running", f"vnets/{bridge}")
    if vnet is None:
        return bridge, tag
    zone = store.get("sdn_running", f"zones/{vnet.get('zone')}") or {}
    if zone.get("type") != "vlan" or vnet.get("tag") is None:
        return bridge, tag
    return str(zone["bridge"]), int(str(vnet["tag"]))
