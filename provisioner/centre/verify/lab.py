"""The vantages of a rehearsed site: which namespace of the lab stands for which place of the plan."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv4Interface
from typing import Protocol

from provisioner import places
from provisioner.centre.verify.namespaces import NamespaceVantages, Spot
from provisioner.centre.verify.ports import Place, WhereAbouts
from provisioner.plan.plan import Guest, GuestRole, Plan, Reservation, SiteKind, Zone

_GATEWAY, _WAN, _VPN = "gateway", "wan", "vpn"


class Rehearsal(Protocol):
    """What the lab lends: namespaces. It knows VLANs and addresses, not plans. Each call may be repeated."""

    def vantage(self, site: str, vlan: int, address: IPv4Interface, gateway: IPv4Address) -> str:
        """Return the namespace of a client on a site's VLAN with this static address."""

    def internet(self, index: int) -> tuple[str, IPv4Address]:
        """Return the namespace and the address of a host of the Internet side; index 0 or 1."""

    def outside(self, address: IPv4Address) -> str | None:
        """Return the namespace of a host of the Internet side with this address too; None where the lab has no such network."""

    def terminal(self, site: str, vlan: int, mac: str) -> str:
        """Return the namespace of a device on a site's VLAN with this hardware address and no address yet."""

    def lease(self, namespace: str) -> IPv4Address:
        """Let a device's DHCP client ask, set the lease, return its address; raise OutsideError if there is none."""

    def guest(self, node: str, vmid: int) -> str | None:
        """Return the network namespace of a running guest."""


def spots(plan: Plan, lab: Rehearsal, hubs: Mapping[str, tuple[str, int]]) -> Mapping[Place, Spot]:
    """Return the places of a site. `hubs` maps a far site to its node and its gateway's VMID."""
    found: dict[Place, Spot] = {}
    for zone in plan.zones:
        found |= _of_zone(plan.site, zone, lab)
    for guest in plan.guests:
        found |= _of_guest(plan, guest, lab)
    for kept in plan.reservations:
        namespace = lab.terminal(plan.site, _vlan(plan, kept.zone), kept.mac)
        found[Place(kept.zone, kept.name)] = Spot(namespace=namespace, whereabouts=WhereAbouts(address=kept.address))
    return found | _internet(plan, lab) | _far_end(plan, lab, hubs)


def _vlan(plan: Plan, name: str) -> int:
    return next(zone.vlan or 0 for zone in plan.zones if zone.name == name)


def _of_zone(site: str, zone: Zone, lab: Rehearsal) -> dict[Place, Spot]:
    if zone.vlan is None:
        return {}
    return {
        Place(zone.name, "", index): Spot(
            namespace=lab.vantage(site, zone.vlan, IPv4Interface((address, zone.prefix.prefixlen)), zone.gateway),
            whereabouts=WhereAbouts(address=address),
        )
        for index, address in enumerate(zone.vantages)
    }


def _of_guest(plan: Plan, guest: Guest, lab: Rehearsal) -> dict[Place, Spot]:
    """Return the guest itself as a place: in each of its zones, and the gateway in `vpn` too."""
    namespace = lab.guest(plan.node, guest.vmid)
    if namespace is None:
        return {}
    addresses = {nic.zone: nic.address.ip for nic in guest.nics}
    if guest.role is GuestRole.GATEWAY:
        addresses |= {zone.name: zone.gateway for zone in plan.zones if zone.name == _VPN}
    return {
        Place(zone, guest.name): Spot(namespace=namespace, whereabouts=WhereAbouts(address=address)) for zone, address in addresses.items()
    }


def _internet(plan: Plan, lab: Rehearsal) -> dict[Place, Spot]:
    if not any(zone.name == _WAN for zone in plan.zones):
        return {}
    hosts = [lab.internet(index) for index in (0, 1)]
    found = {
        Place(_WAN, "", index): Spot(namespace=namespace, whereabouts=WhereAbouts(address=address))
        for index, (namespace, address) in enumerate(hosts)
    }
    for host in plan.hosts:
        if outside := lab.outside(host.address):
            found[Place(host.zone, host.name)] = Spot(namespace=outside, whereabouts=WhereAbouts(address=host.address))
    return found


def _far_end(plan: Plan, lab: Rehearsal, hubs: Mapping[str, tuple[str, int]]) -> dict[Place, Spot]:
    """Return the gateway at the other end of the first tunnel, twice: it also reaches its own listeners.

    Its forbidden probes are put on the tunnel as raw packets, since its own ruleset would drop them first.
    """
    if not plan.tunnels:
        return {}
    first = plan.tunnels[0]
    at_hub = plan.kind is SiteKind.HUB
    far, address = (first.site, first.address.ip) if at_hub else (first.hub, first.hub_address.ip)
    namespace = lab.guest(*hubs[far]) if far in hubs else None
    if namespace is None:
        return {}
    interface = first.interface if at_hub else first.hub_interface
    spot = Spot(namespace=namespace, whereabouts=WhereAbouts(address=address, inject=interface))
    return {Place(_VPN, "", index): spot for index in (0, 1)}


def client(plan: Plan, lab: Rehearsal, reservation: Reservation) -> IPv4Address:
    """Let the device of a reservation ask for its address."""
    return lab.lease(lab.terminal(plan.site, _vlan(plan, reservation.zone), reservation.mac))


@contextmanager
def _turn() -> Iterator[None]:
    """Wait for the lab's other verification: both would listen on the same hosts of the Internet side and of the hub."""
    file = places.lab() / "verify.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def vantages(plan: Plan, lab: Rehearsal | None, hubs: Mapping[str, tuple[str, int]]) -> Iterator[NamespaceVantages]:
    """Keep the places of a site for the time of a verification; without a lab there are none, and nothing is tested."""
    if lab is None:
        yield NamespaceVantages(spots={})
        return
    with _turn(), NamespaceVantages(spots=spots(plan, lab, hubs), client=lambda kept: client(plan, lab, kept)) as places:
        yield places
