"""One small network with everything that scenarios need: a ring, PONs behind splitters, chained sites, radio, ports."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

from monitoring.topology import Device, DeviceKind, Family, Ont, Port, Segment, Site, SiteKind, Topology
from tests.unit.monitoring_meaning.networks import HUBS, olt, path, radio, segment, site

POLES = ("thies", "kaolack", "tamba")
SPLIT = 8


def district() -> Topology:
    """Return hubs and three poles in a ring; each pole has two PONs of eight sites, eight sites of their own, two chained ones.

    The feeder of PON 0/1/0 is a segment of its own; that of PON 0/1/1 is not drawn, as in an inventory that does not know it.
    Sites with an even number answer over radio too.
    """
    ring = (HUBS[0], *POLES, HUBS[1])
    trunks = [segment(one, other, 80.0) for one, other in zip(ring, ring[1:], strict=False)]  # noqa: RUF007 - reads as the ring it is
    sites = [site(name, SiteKind.HUB) for name in HUBS]
    segments = [*trunks]
    for position, pole in enumerate(POLES, 1):
        left = tuple(one.id for one in trunks[:position])
        right = tuple(one.id for one in reversed(trunks[position:]))
        sites.append(site(pole, SiteKind.POLE, paths=[path("dakar", HUBS[0], left), path("diamniadio", HUBS[1], right)]))
        for more_sites, more_segments in (_pon(pole, left, right), _plain(pole, left, right)):
            sites += more_sites
            segments += more_segments
    return Topology(vantage=HUBS[0], sites=tuple(sites), segments=tuple(segments), devices=_devices(trunks))


def _centre(name: str, pole: str, ways: tuple[tuple[str, ...], tuple[str, ...]], ont: Ont | None, *, by_radio: bool) -> Site:
    paths = [path("dakar", HUBS[0], ways[0]), path("diamniadio", HUBS[1], ways[1])]
    return site(name, SiteKind.CENTRE, pole, [*paths, radio(HUBS[0])] if by_radio else paths, ont)


def _pon(pole: str, left: tuple[str, ...], right: tuple[str, ...]) -> tuple[list[Site], list[Segment]]:
    feeder = segment(pole, f"splitter-{pole}", 12.0)
    sites, segments = [], [feeder]
    for number in range(2 * SPLIT):
        name = f"{pole}-{number}"
        drawn = number < SPLIT
        drop = segment(f"splitter-{pole}" if drawn else pole, name, 3.0)
        tail = (feeder.id, drop.id) if drawn else (drop.id,)
        ont = Ont(olt=f"olt-{pole}", pon=f"0/1/{number // SPLIT}", pon_index=number // SPLIT, number=number % SPLIT)
        sites.append(_centre(name, pole, ((*left, *tail), (*right, *tail)), ont, by_radio=number % 2 == 0))
        segments.append(drop)
    return sites, segments


def _plain(pole: str, left: tuple[str, ...], right: tuple[str, ...]) -> tuple[list[Site], list[Segment]]:
    """Return sites on fibres of their own, the last of them behind the one before."""
    sites, segments, at, tail = [], [], pole, tuple[str, ...]()
    for number in range(2 * SPLIT, 2 * SPLIT + 4):
        name = f"{pole}-{number}"
        chained = number == 2 * SPLIT + 3
        drop = segment(at if chained else pole, name, 20.0)
        tail = (*tail, drop.id) if chained else (drop.id,)
        sites.append(_centre(name, pole, ((*left, *tail), (*right, *tail)), None, by_radio=False))
        segments.append(drop)
        at = name
    return sites, segments


def _devices(trunks: list[Segment]) -> tuple[Device, ...]:
    routers = []
    for name in (*HUBS, *POLES):
        ports = [Port(name=f"to-{trunk.id}", segment=trunk.id, end=name) for trunk in trunks if name in trunk.ends]
        router = Device(
            name=f"router-{name}",
            kind=DeviceKind.ROUTER,
            family=Family.HUAWEI_VRP,
            site=name,
            address=IPv4Address("10.64.0.4"),
            cli="cli",
            ports=tuple(ports),
        )
        routers.append(router)
    return (*routers, *(replace(olt(pole), family=Family.HUAWEI_XPON) for pole in POLES))
