"""Made-up networks and what their probes would see: a truth, from which observations follow."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from itertools import pairwise
from random import Random

from monitoring.incidents.index import Index, index_of
from monitoring.observed import Observed, OntState, PathState, Reach
from monitoring.topology import (
    Device,
    DeviceKind,
    Family,
    Medium,
    Ont,
    Path,
    Port,
    RoutePoint,
    Segment,
    Site,
    SiteKind,
    Topology,
)

NOON = 1_795_608_000.0  # 25 November 2026, 12:00 UTC
LONG_AGO = NOON - 86_400.0
HUBS = ("hub-dakar", "hub-diamniadio")


def site(name: str, kind: SiteKind, pole: str | None = None, paths: Iterable[Path] = (), ont: Ont | None = None) -> Site:
    tier = 2 if kind is SiteKind.CENTRE else 1
    title = name.replace("-", " ").title()
    return Site(
        name=name, kind=kind, title=title, region="x", latitude=14.0, longitude=-14.0, tier=tier, pole=pole, paths=tuple(paths), ont=ont
    )


def segment(one: str, other: str, km: float = 50.0) -> Segment:
    points = (
        RoutePoint(km=0.0, latitude=14.0, longitude=-14.0, title=one.title()),
        RoutePoint(km=km, latitude=13.0, longitude=-13.0, title=other.title()),
    )
    return Segment(id=f"{one}--{other}", title=f"{one} - {other}", ends=(one, other), length_km=km, points=points)


def path(name: str, hub: str, segments: Iterable[str]) -> Path:
    return Path(id=name, hub=hub, segments=tuple(segments), probe=IPv4Address("10.64.0.1"))


def radio(hub: str) -> Path:
    return Path(id="4g", hub=hub, medium=Medium.RADIO, probe=IPv4Address("10.64.0.2"))


def country(centres: int = 557, poles: int = 8, seed: int = 1, *, chained: float = 0.2) -> Topology:
    """Return hubs joined by one ring through all poles, and centres hung from poles, some behind one another."""
    random = Random(seed)  # noqa: S311 - a network, not a secret
    ring = [HUBS[0], *(f"pole-{number}" for number in range(poles)), HUBS[1]]
    trunks = [segment(one, other, 40.0 + random.random() * 200) for one, other in pairwise(ring)]
    sites = [site(HUBS[0], SiteKind.HUB), site(HUBS[1], SiteKind.HUB)]
    ways: dict[str, tuple[list[str], list[str]]] = {}
    for position in range(1, poles + 1):
        left = [trunk.id for trunk in trunks[:position]]
        right = [trunk.id for trunk in reversed(trunks[position:])]
        ways[ring[position]] = (left, right)
        sites.append(site(ring[position], SiteKind.POLE, paths=_both(left, right)))
    segments = list(trunks)
    hung: dict[str, list[str]] = {name: [name] for name in ways}
    for number in range(centres):
        pole = ring[1 + number % poles]
        name = f"centre-{number}"
        parent = random.choice(hung[pole]) if random.random() < chained else pole
        drop = segment(parent, name, 2.0 + random.random() * 60)
        segments.append(drop)
        ways[name] = ([*ways[parent][0], drop.id], [*ways[parent][1], drop.id])
        hung[pole].append(name)
        ont = Ont(olt=f"olt-{pole}", pon=f"0/1/{number // poles // 16}", pon_index=1, number=number)
        sites.append(site(name, SiteKind.CENTRE, pole, _both(*ways[name]), ont))
    devices = tuple(olt(f"pole-{number}") for number in range(poles))
    return Topology(vantage=HUBS[0], sites=tuple(sites), segments=tuple(segments), devices=devices)


def _both(left: list[str], right: list[str]) -> tuple[Path, Path]:
    return (path("dakar", HUBS[0], left), path("diamniadio", HUBS[1], right))


def olt(pole: str, *, ports: Iterable[Port] = ()) -> Device:
    return Device(
        name=f"olt-{pole}",
        kind=DeviceKind.OLT,
        family=Family.HUAWEI_XPON,
        site=pole,
        address=IPv4Address("10.64.0.3"),
        cli="cli",
        ports=tuple(ports),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is true: segments cut, sites off, sites that nobody can see."""

    cut: Collection[str] = ()
    off: Collection[str] = ()
    unknown: Collection[str] = ()
    fell: float = NOON
    reason: str = "collecteur muet"


def seen(topology: Topology, scene: Scene, at: float = NOON + 20) -> Observed:
    """Return what probes see of a scene."""
    return Observed(at=at, paths=tuple(_state(one.name, way, scene) for one in topology.sites for way in one.paths))


def _state(name: str, way: Path, scene: Scene) -> PathState:
    if name in scene.unknown:
        return PathState(site=name, path=way.id, reach=Reach.UNKNOWN, since=scene.fell, reason=scene.reason)
    if name in scene.off or any(one in scene.cut for one in way.segments):
        return PathState(site=name, path=way.id, reach=Reach.DOWN, since=scene.fell)
    return PathState(site=name, path=way.id, reach=Reach.UP, since=LONG_AGO)


def onts(topology: Topology, sites: Collection[str], like: OntState) -> tuple[OntState, ...]:
    """Return the state of some sites' ONTs, each like the one given."""
    return tuple(
        replace(like, olt=one.ont.olt, pon=one.ont.pon, number=one.ont.number)
        for one in topology.sites
        if one.name in sites and one.ont is not None
    )


def behind(topology: Topology, cut: str) -> tuple[str, ...]:
    """Return the sites of which every path runs over a segment."""
    return tuple(sorted(one.name for one in topology.sites if one.paths and all(cut in way.segments for way in one.paths)))


def indexed(topology: Topology) -> Index:
    return index_of(topology)
