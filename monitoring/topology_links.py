"""Whether the parts of a topology fit: names that lead somewhere, paths that are walks from a hub to the site."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator

from monitoring.problems import Problem
from monitoring.topology import Device, DeviceKind, Medium, Path, Segment, Site, SiteKind, Topology


def broken_links(topology: Topology, where: str) -> Iterator[Problem]:
    """Yield every name that leads nowhere, every broken walk and every place that is taken twice."""
    if topology.vantage not in topology.site_by_name:
        yield _unknown(f"{where}.vantage", topology.vantage, topology.site_by_name)
    for site in topology.sites:
        yield from _of_site(topology, site, f"{where}.sites.{site.name}")
    for segment in topology.segments:
        yield from _of_segment(segment, f"{where}.segments.{segment.id}")
    for device in topology.devices:
        yield from _of_device(topology, device, f"{where}.devices.{device.name}")
    yield from _shared_onts(topology, where)


def _unknown(where: str, name: str, known: Collection[str]) -> Problem:
    near = difflib.get_close_matches(name, sorted(known), 1)
    return Problem(where=where, what=f"{name} is not known", hint=f"{near[0]}?" if near else "")


def _of_site(topology: Topology, site: Site, where: str) -> Iterator[Problem]:
    pole = topology.site_by_name.get(site.pole or "")
    if site.pole is not None and (pole is None or pole.kind is not SiteKind.POLE):
        yield Problem(where=f"{where}.pole", what=f"{site.pole} is not a pole")
    if site.ont is not None:
        olt = topology.device_by_name.get(site.ont.olt)
        if olt is None or olt.kind is not DeviceKind.OLT:
            yield Problem(where=f"{where}.ont.olt", what=f"{site.ont.olt} is not an OLT")
    for path in site.paths:
        yield from _of_path(topology, site, path, f"{where}.paths.{path.id}")


def _of_path(topology: Topology, site: Site, path: Path, where: str) -> Iterator[Problem]:
    hub = topology.site_by_name.get(path.hub)
    if hub is None or hub.kind is not SiteKind.HUB:
        yield Problem(where=f"{where}.hub", what=f"{path.hub} is not a hub")
    unknown = [segment for segment in path.segments if segment not in topology.segment_by_id]
    for segment in unknown:
        yield _unknown(f"{where}.segments", segment, topology.segment_by_id)
    if (path.medium is Medium.FIBRE) != bool(path.segments):
        yield Problem(
            where=f"{where}.segments", what=f"{path.medium} with {len(path.segments)} segments", hint="fibre has segments, radio none"
        )
    elif not unknown and path.segments:
        yield from _walk(topology, site, path, where)


def _walk(topology: Topology, site: Site, path: Path, where: str) -> Iterator[Problem]:
    here = path.hub
    for name in path.segments:
        ends = topology.segment_by_id[name].ends
        if here not in ends:
            what = f"{name} does not begin at {here}, but joins {ends[0]} and {ends[1]}"
            yield Problem(where=f"{where}.segments", what=what, hint="in order from the hub")
            return
        here = ends[1] if here == ends[0] else ends[0]
    if here != site.name:
        yield Problem(where=f"{where}.segments", what=f"the last one ends at {here}, not at {site.name}")


def _of_segment(segment: Segment, where: str) -> Iterator[Problem]:
    kilometres = [point.km for point in segment.points]
    if kilometres != sorted(kilometres):
        yield Problem(where=f"{where}.points", what="are not in order of their kilometres")
    for km in kilometres:
        if not 0 <= km <= segment.length_km:
            yield Problem(where=f"{where}.points", what=f"kilometre {km} is not on its {segment.length_km} km")


def _of_device(topology: Topology, device: Device, where: str) -> Iterator[Problem]:
    if device.site not in topology.site_by_name:
        yield _unknown(f"{where}.site", device.site, topology.site_by_name)
    if device.snmp is None and device.cli is None:
        yield Problem(where=where, what="is read neither by SNMP nor by its command line", hint="give snmp or cli")
    for port in device.ports:
        segment = topology.segment_by_id.get(port.segment)
        if segment is None:
            yield _unknown(f"{where}.ports.{port.name}.segment", port.segment, topology.segment_by_id)
        elif port.end not in segment.ends:
            yield Problem(where=f"{where}.ports.{port.name}.end", what=f"{port.end} is no end of {port.segment}")


def _shared_onts(topology: Topology, where: str) -> Iterator[Problem]:
    taken: dict[tuple[str, str, int], str] = {}
    for site in topology.sites:
        if site.ont is None:
            continue
        place = (site.ont.olt, site.ont.pon, site.ont.number)
        if place in taken:
            yield Problem(where=f"{where}.sites.{site.name}.ont", what=f"is that of {taken[place]} too", hint="one ONT feeds one site")
        taken.setdefault(place, site.name)
