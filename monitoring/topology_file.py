"""The topology's file: read strictly, with every problem at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path as File

from monitoring.problems import Problem, ProblemsError
from monitoring.reading import Fields, parse, parse_file
from monitoring.topology import (
    FORMAT,
    Device,
    DeviceKind,
    Family,
    Medium,
    Ont,
    OpticsClass,
    Path,
    Port,
    RoutePoint,
    Segment,
    Site,
    SiteKind,
    Snmp,
    SnmpVersion,
    Topology,
)
from monitoring.topology_links import broken_links


def load(file: File) -> Topology:
    """Return the topology of a file. Raises ProblemsError with all its problems."""
    return topology_of(parse_file(file), file.name)


def loads(text: str, where: str = "topology") -> Topology:
    """Return the topology of a text. Raises ProblemsError with all its problems."""
    return topology_of(parse(text, where), where)


def topology_of(raw: object, where: str) -> Topology:
    """Return the topology of parsed JSON. Raises ProblemsError with all its problems."""
    problems: list[Problem] = []
    fields = Fields(raw, where, problems)
    if (found := fields.whole("format")) != FORMAT:
        fields.problem("format", f"{found} is not the form that this program reads", f"render it anew: {FORMAT}")
    topology = Topology(
        vantage=fields.text("vantage"),
        sites=fields.many("sites", _site),
        segments=fields.many("segments", _segment),
        devices=fields.many("devices", _device),
        rendered_from=fields.text_or_none("rendered_from") or "",
    )
    fields.done()
    # A file whose values cannot be read would only repeat itself in links that lead nowhere.
    found_all = problems or [*_twice(topology, where), *broken_links(topology, where)]
    if found_all:
        raise ProblemsError(found_all)
    return topology


def _site(fields: Fields) -> Site:
    return Site(
        name=fields.text("name"),
        kind=fields.word("kind", SiteKind),
        title=fields.text("title"),
        region=fields.text("region"),
        latitude=_within(fields, "latitude", -90, 90),
        longitude=_within(fields, "longitude", -180, 180),
        tier=fields.whole("tier"),
        pole=fields.text_or_none("pole"),
        paths=fields.many("paths", _path),
        ont=_ont(fields.inner_or_none("ont")),
    )


def _within(fields: Fields, key: str, least: float, most: float) -> float:
    value = fields.number(key)
    if not least <= value <= most:
        fields.problem(key, f"{value} is not within {least}..{most}")
    return value


def _path(fields: Fields) -> Path:
    return Path(
        id=fields.text("id"),
        hub=fields.text("hub"),
        medium=fields.word("medium", Medium),
        segments=fields.texts("segments"),
        probe=fields.address("probe"),
        behind=fields.address_or_none("behind"),
    )


def _ont(fields: Fields | None) -> Ont | None:
    if fields is None:
        return None
    ont = Ont(
        olt=fields.text("olt"),
        pon=fields.text("pon"),
        pon_index=fields.whole("pon_index"),
        number=fields.whole("number"),
        optics=fields.word("optics", OpticsClass),
    )
    fields.done()
    return ont


def _segment(fields: Fields) -> Segment:
    ends = fields.texts("ends")
    if len(ends) != 2 or ends[0] == ends[1]:  # noqa: PLR2004 - a segment has two ends
        fields.problem("ends", f"two different ends were expected, not {', '.join(ends) or 'none'}")
    length = fields.number("length_km")
    if length <= 0:
        fields.problem("length_km", f"{length} is not a length")
    return Segment(
        id=fields.text("id"),
        title=fields.text("title"),
        ends=(ends[0], ends[-1]) if ends else ("", ""),
        length_km=length,
        points=fields.many("points", _point),
    )


def _point(fields: Fields) -> RoutePoint:
    return RoutePoint(
        km=fields.number("km"),
        latitude=_within(fields, "latitude", -90, 90),
        longitude=_within(fields, "longitude", -180, 180),
        title=fields.text_or_none("title") or "",
    )


def _device(fields: Fields) -> Device:
    return Device(
        name=fields.text("name"),
        kind=fields.word("kind", DeviceKind),
        family=fields.word("family", Family),
        site=fields.text("site"),
        address=fields.address("address"),
        snmp=_snmp(fields.inner_or_none("snmp")),
        cli=fields.text_or_none("cli"),
        ports=fields.many("ports", _port),
    )


def _snmp(fields: Fields | None) -> Snmp | None:
    if fields is None:
        return None
    snmp = Snmp(version=fields.word("version", SnmpVersion), credential=fields.text("credential"))
    fields.done()
    return snmp


def _port(fields: Fields) -> Port:
    has_class = fields.text_or_none("optics") is not None
    return Port(
        name=fields.text("name"),
        segment=fields.text("segment"),
        end=fields.text("end"),
        optics=fields.word("optics", OpticsClass) if has_class else None,
    )


def _twice(topology: Topology, where: str) -> Iterator[Problem]:
    yield from _repeated((site.name for site in topology.sites), f"{where}.sites")
    yield from _repeated((segment.id for segment in topology.segments), f"{where}.segments")
    yield from _repeated((device.name for device in topology.devices), f"{where}.devices")
    for site in topology.sites:
        yield from _repeated((path.id for path in site.paths), f"{where}.sites.{site.name}.paths")


def _repeated(names: Iterable[str], where: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield Problem(where=where, what=f"{name} stands twice", hint="names are unique")
        seen.add(name)
