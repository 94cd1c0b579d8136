"""The numbering plan holds together, and every slot and service number is used once."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import combinations

from provisioner.errors import Problem
from provisioner.load.folder import Entry, Folder
from provisioner.load.unique import Once
from provisioner.model import National

_ACCESS_LENGTH = 30
_TUNNEL_ZONE = 14


def numbering_problems(folder: Folder) -> Iterator[Problem]:
    """Yield the problems of national.yml, of slots and of the services' numbers."""
    if folder.national:
        yield from _indices(folder.national)
        yield from _vlans(folder.national)
        yield from _ports(folder.national)
        yield from _prefixes(folder.national)
        yield from _slots_fit(folder, folder.national.model)
    slots = Once("slot", "take a free one; a slot is never reused")
    for entry in folder.sites.values():
        yield from slots.use(entry.model.slot, entry.document, ("slot",))
    numbers = Once("number", "take a free one; the number of a service is never reused")
    databases = Once("database", "each service has its own")
    for service in folder.services.values():
        yield from numbers.use(service.model.number, service.document, ("number",))
        if service.model.database:
            yield from databases.use(service.model.database, service.document, ("database",))


def _indices(national: Entry[National]) -> Iterator[Problem]:
    zones = Once("index", "each zone has its own /24")
    for name, zone in national.model.zones.items():
        yield from zones.use(zone.index, national.document, ("zones", name, "index"))
        if (zone.index == _TUNNEL_ZONE) != (name == "vpn"):
            what = f"zone {name} has index {zone.index}"
            yield national.problem(("zones", name, "index"), what, f"index {_TUNNEL_ZONE} belongs to vpn, whose tunnels are numbered in it")
        if (zone.vlan is None) != (name == "vpn"):
            yield national.problem(("zones", name), f"zone {name} {_vlan_words(zone.vlan)}", "every zone but vpn has a VLAN")
    uplinks = Once("index", "each uplink has its own")
    for name, uplink in national.model.uplinks.items():
        yield from uplinks.use(uplink.index, national.document, ("uplinks", name, "index"))


def _vlan_words(vlan: int | None) -> str:
    return "has no vlan" if vlan is None else f"has vlan {vlan}"


def _vlans(national: Entry[National]) -> Iterator[Problem]:
    vlans = Once("vlan", "a VLAN belongs to one zone or uplink")
    for name, zone in national.model.zones.items():
        if zone.vlan is not None:
            yield from vlans.use(zone.vlan, national.document, ("zones", name, "vlan"))
    for name, uplink in national.model.uplinks.items():
        yield from vlans.use(uplink.vlan, national.document, ("uplinks", name, "vlan"))


def _ports(national: Entry[National]) -> Iterator[Problem]:
    ports = Once("port", "a hub listens for each kind of uplink on its own port")
    for name, uplink in national.model.uplinks.items():
        yield from ports.use(uplink.port, national.document, ("uplinks", name, "port"))


def _prefixes(national: Entry[National]) -> Iterator[Problem]:
    """Yield overlaps of the sites' prefix and the access networks."""
    named: list[tuple[tuple[str, ...], IPv4Network]] = [(("numbering", "sites"), national.model.numbering.sites)]
    named += [(("uplinks", name, "access"), uplink.access) for name, uplink in national.model.uplinks.items()]
    for (_, first), (loc, second) in combinations(named, 2):
        if first.overlaps(second):
            yield national.problem(loc, f"{second} overlaps {first}", "give each network its own addresses")


def _slots_fit(folder: Folder, national: National) -> Iterator[Problem]:
    numbering = national.numbering
    slots = 2 ** max(0, numbering.site_length - numbering.sites.prefixlen)
    for entry in folder.sites.values():
        slot = entry.model.slot
        if slot >= slots:
            yield entry.problem(("slot",), f"slot {slot} lies outside {numbering.sites}", f"0 to {slots - 1}")
        for name, uplink in national.uplinks.items():
            room = 2 ** max(0, _ACCESS_LENGTH - uplink.access.prefixlen)
            if slots > slot >= room:
                yield entry.problem(("slot",), f"slot {slot} has no /30 in {uplink.access} of uplink {name}", f"0 to {room - 1}")
