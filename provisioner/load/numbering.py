"""The numbering plan holds together, and every slot and service number is used once."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import combinations
from typing import TypeAlias

from provisioner.errors import Problem
from provisioner.load.folder import Entry, Folder
from provisioner.load.unique import Once
from provisioner.model import Country, National, Site

_ACCESS_LENGTH = 30
_INTERFACE_ROOM = 12  # Linux, IFNAMSIZ - 1, less `wg-`
_VMIDS = 100  # of one site

_Rules: TypeAlias = Entry[National] | Entry[Country]
_TUNNEL_ZONE = 14


def numbering_problems(folder: Folder) -> Iterator[Problem]:
    """Yield the problems of national.yml, of slots and of the services' numbers."""
    if folder.national:
        yield from _indices(folder.national)
        yield from _vlans(folder.national)
        yield from _ports(folder.national)
        yield from _prefixes(folder)
        yield from _ranges(folder)
        yield from _slots_fit(folder, folder.national.model)
    slots = Once("slot", "take a free one; a slot is never reused")
    retired = frozenset(folder.national.model.numbering.retired) if folder.national else frozenset()
    for entry in folder.sites.values():
        if entry.model.slot in retired:
            yield entry.problem(("slot",), f"slot {entry.model.slot} is retired in national.yml", "take a free one; a slot is never reused")
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
        yield from _layer_two(national, name)
        if zone.port is not None and len(name) > _INTERFACE_ROOM:
            what = f"the name of zone {name} is too long for its interface, wg-{name}"
            yield national.problem(("zones", name), what, f"at most {_INTERFACE_ROOM} characters")
    yield from _uplink_indices(national)


def _uplink_indices(written: _Rules) -> Iterator[Problem]:
    uplinks = Once("index", "each uplink has its own")
    for name, uplink in written.model.uplinks.items():
        yield from uplinks.use(uplink.index, written.document, ("uplinks", name, "index"))


def _layer_two(national: Entry[National], name: str) -> Iterator[Problem]:
    """Yield a zone that has neither a VLAN nor a port for tunnels, or both, or what is vpn's alone."""
    zone = national.model.zones[name]
    if name == "vpn":
        if zone.vlan is not None or zone.port is not None:
            word = f"vlan {zone.vlan}" if zone.vlan is not None else f"port {zone.port}"
            yield national.problem(("zones", name), f"zone vpn has {word}", "every zone but vpn has a VLAN")
    elif zone.vlan is None and zone.port is None:
        yield national.problem(("zones", name), f"zone {name} has no vlan", "every zone but vpn has a VLAN")
    elif zone.vlan is not None and zone.port is not None:
        what = f"zone {name} has vlan {zone.vlan} and port {zone.port}"
        yield national.problem(("zones", name), what, "a zone is a VLAN, or it is reached by tunnels: keep one of them")


def _vlans(national: Entry[National]) -> Iterator[Problem]:
    vlans = Once("vlan", "a VLAN belongs to one zone or uplink")
    for name, zone in national.model.zones.items():
        if zone.vlan is not None:
            yield from vlans.use(zone.vlan, national.document, ("zones", name, "vlan"))
    for name, uplink in national.model.uplinks.items():
        yield from vlans.use(uplink.vlan, national.document, ("uplinks", name, "vlan"))


def _ports(national: Entry[National]) -> Iterator[Problem]:
    ports = Once("port", "the gateway listens for each kind of tunnel on its own port")
    for name, uplink in national.model.uplinks.items():
        yield from ports.use(uplink.port, national.document, ("uplinks", name, "port"))
    for name, zone in national.model.zones.items():
        if zone.port is not None:
            yield from ports.use(zone.port, national.document, ("zones", name, "port"))


def _prefixes(folder: Folder) -> Iterator[Problem]:
    """Yield overlaps of the sites' prefixes and the access networks, over all countries."""
    named: list[tuple[_Rules, tuple[str, ...], IPv4Network]] = []
    every: list[_Rules] = [*([folder.national] if folder.national else []), *folder.countries.values()]
    for written in every:
        named.append((written, ("numbering", "sites"), written.model.numbering.sites))
        named += [(written, ("uplinks", name, "access"), uplink.access) for name, uplink in written.model.uplinks.items()]
    for (_, _, first), (written, loc, second) in combinations(named, 2):
        if first.overlaps(second):
            yield written.problem(loc, f"{second} overlaps {first}", "give each network its own addresses")


def _ranges(folder: Folder) -> Iterator[Problem]:
    """Yield what a country's file repeats or takes: indices, and VMIDs of another country's sites."""
    for country in folder.countries.values():
        yield from _uplink_indices(country)
        base = folder.national.model.numbering.vmid if folder.national else 0
        if (country.model.numbering.vmid - base) % _VMIDS:
            what = f"vmid {country.model.numbering.vmid} cuts into the hundreds of national.yml's {base}"
            yield country.problem(("numbering", "vmid"), what, f"let both differ by a multiple of {_VMIDS}")
    taken: dict[int, Entry[Site]] = {}
    for entry in folder.sites.values():
        if rules := _rules(folder, entry.model):
            first = rules.numbering.vmid + _VMIDS * entry.model.slot
            other = taken.setdefault(first, entry)
            if other.model.country != entry.model.country:
                what = f"its VMIDs from {first} on are those of {other.document.shown}"
                yield entry.problem(("slot",), what, "take another slot: VMIDs are unique over all countries")


def _rules(folder: Folder, site: Site) -> National | None:
    """Return the rules of a site's country; None where they are broken or unknown."""
    if folder.national is None or site.country is None:
        return folder.national.model if folder.national else None
    country = folder.countries.get(site.country)
    return folder.national.model.within(country.model) if country else None


def _slots_fit(folder: Folder, own: National) -> Iterator[Problem]:
    for entry in folder.sites.values():
        national = own if entry.model.country is None else _rules(folder, entry.model)
        if national is None:
            continue
        numbering = national.numbering
        slots = 2 ** max(0, numbering.site_length - numbering.sites.prefixlen)
        slot = entry.model.slot
        if slot >= slots:
            yield entry.problem(("slot",), f"slot {slot} lies outside {numbering.sites}", f"0 to {slots - 1}")
        for name, uplink in national.uplinks.items():
            room = 2 ** max(0, _ACCESS_LENGTH - uplink.access.prefixlen)
            if slots > slot >= room:
                yield entry.problem(("slot",), f"slot {slot} has no /30 in {uplink.access} of uplink {name}", f"0 to {room - 1}")
