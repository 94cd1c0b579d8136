"""The fibre holds together: every end, route, device and PON port is one that exists, and each is used once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from ipaddress import IPv4Network

from provisioner.errors import Problem
from provisioner.load.document import Document
from provisioner.load.folder import Entry, Folder
from provisioner.load.nearest import hint as nearest
from provisioner.load.unique import Once
from provisioner.model import Fibre, Kind, Site
from provisioner.model.fibre import FibreDevice, RoutePoint

Loc = tuple[str | int, ...]
Ends = Mapping[str, tuple[str, ...]]  # by the segment's id


def fibre_problems(folder: Folder) -> Iterator[Problem]:
    """Yield what the fibre's file and the sites' feeds name in vain or twice."""
    fibre = folder.fibre.model if folder.fibre else Fibre()
    known = _sites(folder) | fibre.junctions.keys()
    yield from _feeds(folder, fibre, known)
    if folder.fibre is None:
        return
    ends = _ends(folder, fibre)
    yield from _segments(folder.fibre, known)
    yield from _routes(folder, folder.fibre, ends)
    yield from _devices(folder, folder.fibre, ends)


def _sites(folder: Folder) -> AbstractSet[str]:
    return folder.known("centres") | folder.known("poles") | folder.known("hubs")


def _ends(folder: Folder, fibre: Fibre) -> Ends:
    feeds = {
        f"{entry.model.fibre.begins}-{name}": (entry.model.fibre.begins, name) for name, entry in folder.sites.items() if entry.model.fibre
    }
    return {**feeds, **{name: rule.ends for name, rule in fibre.segments.items()}}


def _feeds(folder: Folder, fibre: Fibre, known: AbstractSet[str]) -> Iterator[Problem]:
    ports = Once("PON port", "one ONT feeds one site")
    for name, entry in folder.sites.items():
        feed = entry.model.fibre
        if feed is None:
            continue
        if feed.begins not in known:
            yield entry.problem(("fibre", "from"), f"there is no site or junction `{feed.begins}`", nearest(feed.begins, known))
        if feed.begins == name:
            yield entry.problem(("fibre", "from"), f"the fibre of {name} begins at {name}", "name the site or junction before it")
        if f"{feed.begins}-{name}" in fibre.segments:
            what = f"segment {feed.begins}-{name} is in fibre.yml too"
            yield entry.problem(("fibre",), what, "keep one of them")
        yield from _points(entry.document, ("fibre", "points"), feed.points, feed.length_km)
        if feed.ont:
            olts = [olt for olt, device in fibre.devices.items() if device.kind == "olt"]
            if feed.ont.olt not in olts:
                yield entry.problem(("fibre", "ont", "olt"), f"there is no OLT `{feed.ont.olt}` in fibre.yml", nearest(feed.ont.olt, olts))
            port = f"{feed.ont.olt} {feed.ont.pon} {feed.ont.number}"
            yield from ports.use(port, entry.document, ("fibre", "ont", "number"))


def _points(document: Document, loc: Loc, points: Sequence[RoutePoint], length: float) -> Iterator[Problem]:
    before = 0.0
    for index, point in enumerate(points):
        if point.km > length:
            yield document.problem((*loc, index, "km"), f"kilometre {point.km} is not on a segment of {length} km", f"at most {length}")
        if point.km < before:
            yield document.problem((*loc, index, "km"), f"kilometre {point.km} comes after {before}", "write the points in order")
        before = point.km


def _segments(entry: Entry[Fibre], known: AbstractSet[str]) -> Iterator[Problem]:
    for name, rule in entry.model.segments.items():
        for index, end in enumerate(rule.ends):
            if end not in known:
                loc = ("segments", name, "ends", index)
                yield entry.problem(loc, f"segment {name} ends at `{end}`, which is no site or junction", nearest(end, known))
        if rule.ends[0] == rule.ends[1]:
            yield entry.problem(("segments", name, "ends"), f"segment {name} ends where it begins", "name two ends")
        yield from _points(entry.document, ("segments", name, "points"), rule.points, rule.length_km)


def _routes(folder: Folder, entry: Entry[Fibre], ends: Ends) -> Iterator[Problem]:
    hubs = frozenset(name for name, site in folder.sites.items() if site.model.kind is Kind.HUB)
    for site, by_hub in entry.model.routes.items():
        if site not in _sites(folder):
            yield entry.document.problem(("routes", site), f"there is no site `{site}`", nearest(site, _sites(folder)), key=True)
        for hub, route in by_hub.items():
            if hub not in hubs:
                yield entry.document.problem(("routes", site, hub), f"there is no hub `{hub}`", nearest(hub, hubs), key=True)
            yield from _walk(entry, ("routes", site, hub), route, ends)


def _walk(entry: Entry[Fibre], loc: tuple[str, str, str], route: Sequence[str], ends: Ends) -> Iterator[Problem]:
    """Yield where a route is no walk from its hub to its site."""
    _, site, here = loc
    for index, name in enumerate(route):
        if name not in ends:
            yield entry.problem((*loc, index), f"there is no segment `{name}`", nearest(name, ends))
            return
        if here not in ends[name]:
            what = f"segment {name} does not begin at {here}: it joins {' and '.join(ends[name])}"
            yield entry.problem((*loc, index), what, "write the segments in order from the hub")
            return
        here = next(end for end in ends[name] if end != here)
    if here != site:
        yield entry.problem(loc, f"the route to {site} ends at {here}", "write the segments in order from the hub to the site")


def _devices(folder: Folder, entry: Entry[Fibre], ends: Ends) -> Iterator[Problem]:
    addresses = Once("address", "each device has its own")
    for name, device in entry.model.devices.items():
        loc = ("devices", name)
        yield from addresses.use(device.address, entry.document, (*loc, "address"))
        if device.site not in _sites(folder):
            yield entry.problem((*loc, "site"), f"there is no site `{device.site}`", nearest(device.site, _sites(folder)))
        elif site := folder.sites.get(device.site):
            yield from _at_home(folder, entry, name, site.model)
        if device.snmp is None and device.cli is None:
            yield entry.problem(loc, f"device {name} is read neither by SNMP nor by its command line", "write snmp or cli")
        yield from _ports(entry, name, device, ends)


def _at_home(folder: Folder, entry: Entry[Fibre], name: str, site: Site) -> Iterator[Problem]:
    """Yield a device whose address lies outside its site."""
    if folder.national is None or site.country is not None:
        return
    rule, address = folder.national.model.numbering, entry.model.devices[name].address
    start = int(rule.sites.network_address) + site.slot * 2 ** (32 - rule.site_length)
    prefix = IPv4Network((start, rule.site_length), strict=False)
    if address not in prefix:
        what = f"{address} lies outside {prefix} of {site.name}"
        yield entry.problem(("devices", name, "address"), what, "take a free address of the site's management zone")


def _ports(entry: Entry[Fibre], name: str, device: FibreDevice, ends: Ends) -> Iterator[Problem]:
    once = Once("port", "a port is on one segment")
    for index, port in enumerate(device.ports):
        loc = ("devices", name, "ports", index)
        yield from once.use(port.name, entry.document, (*loc, "name"))
        if port.segment not in ends:
            yield entry.problem((*loc, "segment"), f"there is no segment `{port.segment}`", nearest(port.segment, ends))
        elif port.end not in ends[port.segment]:
            what = f"{port.end} is no end of {port.segment}"
            yield entry.problem((*loc, "end"), what, f"write {' or '.join(ends[port.segment])}")
