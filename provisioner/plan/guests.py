"""The guests of a site: identity, size, cards."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface
from typing import NamedTuple

from provisioner.model import Inventory, Site, Size
from provisioner.plan.numbers import DATABASE, GATEWAY, SERVICES, Numbers, identity
from provisioner.plan.plan import Guest, GuestRole, Nic, Zone

SERVERS, WAN = "servers", "wan"
_START = {GuestRole.GATEWAY: 1, GuestRole.DATABASE: 2}
_START_OF_SERVICES = 3
_LOOPBACK = IPv4Address("127.0.0.1")


def make_guests(inventory: Inventory, site: Site, numbers: Numbers, zones: tuple[Zone, ...]) -> tuple[Guest, ...]:
    """Return the site's guests by number: the gateway, the database, one per service."""
    sizing = inventory.profile(site).sizing
    services = inventory.services_of(site)
    wanted = [_Wanted(GuestRole.GATEWAY, "gateway", GATEWAY, sizing.gateway)]
    if sizing.database:
        wanted.append(_Wanted(GuestRole.DATABASE, "database", DATABASE, sizing.database))
    sized = ((each, sizing.of(each.name)) for each in services)
    wanted.extend(_Wanted(GuestRole(each.runs), each.name, SERVICES + each.number, size) for each, size in sized if size)
    ground = _Ground(site, inventory.profile(site).image, numbers, zones, len(services))
    return tuple(_guest(guest, ground) for guest in wanted)


class _Wanted(NamedTuple):
    """What a guest is, before it has numbers."""

    role: GuestRole
    name: str
    number: int
    size: Size


class _Ground(NamedTuple):
    """What the guests of one site share."""

    site: Site
    image: str
    numbers: Numbers
    zones: tuple[Zone, ...]
    services: int


def _guest(wanted: _Wanted, ground: _Ground) -> Guest:
    site, numbers = ground.site, ground.numbers
    room = wanted.size.room(terminals=site.posts, services=ground.services)
    return Guest(
        name=wanted.name,
        role=wanted.role,
        vmid=numbers.vmid(wanted.number),
        uuid=identity(site.name, wanted.name),
        tags=(f"site-{site.name}", "teranga"),
        image=ground.image,
        cores=room.cores,
        memory=room.memory,
        disk=room.disk,
        nics=_nics(wanted, ground),
        nameservers=_nameservers(wanted, ground),
        start_order=_START.get(wanted.role, _START_OF_SERVICES),
    )


def _nics(wanted: _Wanted, ground: _Ground) -> tuple[Nic, ...]:
    """Return the cards: the gateway has one in each zone with a VLAN, the others have one in `servers`."""
    numbers = ground.numbers
    nics: list[Nic] = []
    for zone in ground.zones:
        if zone.vlan is None or (wanted.role is not GuestRole.GATEWAY and zone.name != SERVERS):
            continue
        address, gateway = _addresses(wanted, zone, numbers)
        index = len(nics)
        mac = numbers.mac(wanted.number, index)
        nics.append(Nic(index=index, zone=zone.name, mac=mac, vlan=zone.vlan, address=address, gateway=gateway))
    return tuple(nics)


def _addresses(wanted: _Wanted, zone: Zone, numbers: Numbers) -> tuple[IPv4Interface, IPv4Address | None]:
    """Return a card's address and its next hop; the gateway's only next hop is the operator's router."""
    if wanted.role is not GuestRole.GATEWAY:
        return numbers.guest(zone.prefix, wanted.number), zone.gateway
    own = IPv4Interface((zone.gateway, zone.prefix.prefixlen))
    return own, zone.gateway - 1 if zone.name == WAN else None


def _nameservers(wanted: _Wanted, ground: _Ground) -> tuple[IPv4Address, ...]:
    """Return the gateway's resolver; on the gateway itself that is its own loopback."""
    if wanted.role is GuestRole.GATEWAY:
        return (_LOOPBACK,)
    return tuple(zone.gateway for zone in ground.zones if zone.name == SERVERS)
