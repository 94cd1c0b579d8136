"""From topology, observations and incidents to the view: a pure function, so that one moment gives one page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from monitoring.incidents.incident import Incident, Kind
from monitoring.noc import places, states, words
from monitoring.noc.view import HealthView, IncidentView, SegmentView, SiteView, View, WatchView
from monitoring.observed import Observed, Reach
from monitoring.sla.availability import Availability, Month
from monitoring.sla.lines import OBJECTIVES, lines
from monitoring.topology import SiteKind, Topology


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a view is made of. `kept` is this month's availability by site; `objectives` go by the kind of site."""

    topology: Topology
    observed: Observed
    incidents: tuple[Incident, ...] = ()
    closed: tuple[Incident, ...] = ()
    watch: tuple[WatchView, ...] = ()
    health: tuple[HealthView, ...] = ()
    kept: Mapping[str, Availability] = field(default_factory=dict)
    objectives: Mapping[SiteKind, float] = field(default_factory=lambda: OBJECTIVES)


def view(material: Material, known: tuple[SiteView, ...] | None = None) -> View:
    """Return all that the page shows; `known` are the sites if somebody had need of them before."""
    topology, observed = material.topology, material.observed
    sites = known if known is not None else states.sites(topology, observed, material.incidents)
    worst = sorted(material.incidents, key=lambda one: _weight(one, observed.at))
    silent = _devices(observed)
    newest = sorted(material.closed, key=lambda one: (-(one.closed or one.updated), one.id))
    return View(
        at=observed.at,
        vantage=topology.vantage,
        sites=sites,
        segments=_segments(topology, material.incidents),
        incidents=tuple(_incident(topology, one, sites) for one in worst),
        closed=tuple(_incident(topology, one, sites) for one in newest),
        watch=material.watch,
        health=(*material.health, *silent),
        devices=len(observed.devices),
        silent=len(silent),
        month=Month.of(datetime.fromtimestamp(observed.at, UTC)),
        sla=lines(topology, material.kept, material.objectives),
        blind=observed.blind,
        rendered_from=topology.rendered_from,
    )


def _weight(incident: Incident, now: float) -> tuple[int, float, str]:
    """Sort by what it is, then by communes times duration, greatest first."""
    rank = {Kind.OUTAGE: 0, Kind.BLIND: 1, Kind.REDUNDANCY: 2}
    return rank[incident.kind], -(len(incident.sites) or len(incident.weakened)) * max(1.0, now - incident.opened), incident.id


def _incident(topology: Topology, incident: Incident, sites: Sequence[SiteView]) -> IncidentView:
    down, weakened = frozenset(incident.sites), frozenset(incident.weakened)
    known = [topology.segment_by_id[one] for one in incident.segments if one in topology.segment_by_id]
    place = places.place(topology, known[0], incident.kilometre) if known and incident.kilometre is not None else None
    return IncidentView(
        incident=incident,
        headline=_headline(incident),
        segments=tuple(segment.title for segment in known),
        sites=tuple(site for site in sites if site.name in down),
        weakened=tuple(site for site in sites if site.name in weakened),
        place=place,
    )


def _headline(incident: Incident) -> str:
    match incident.kind:
        case Kind.OUTAGE:
            return f"{words.CAUSE[incident.cause].capitalize()} : {incident.title}"
        case Kind.REDUNDANCY:
            return f"Redondance perdue : {incident.title}"
        case Kind.BLIND:
            return incident.title  # it says so itself


def _segments(topology: Topology, incidents: Sequence[Incident]) -> tuple[SegmentView, ...]:
    fed = Counter(segment for site in topology.sites for segment in {segment for path in site.paths for segment in path.segments})
    blamed = {segment: one.id for one in incidents if one.recovered is None for segment in one.segments}
    return tuple(
        SegmentView(
            id=segment.id,
            title=segment.title,
            ends=segment.ends,
            length_km=segment.length_km,
            line=places.line(topology, segment),
            feeds=fed[segment.id],
            failed=segment.id in blamed,
            incident=blamed.get(segment.id),
        )
        for segment in topology.segments
    )


def _devices(observed: Observed) -> tuple[HealthView, ...]:
    """Return the devices that do not answer their collector, longest first."""
    silent = [device for device in observed.devices if device.reach is not Reach.UP]
    return tuple(
        HealthView(name=device.device, reach=device.reach, text=device.reason or "ne répond pas à la collecte", since=device.since)
        for device in sorted(silent, key=lambda one: (one.since, one.device))
    )
