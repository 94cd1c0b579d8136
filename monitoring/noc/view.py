"""All that the page shows at one moment: plain frozen values, made by `assemble` and read by `page`.

Moments are seconds since 1970, UTC. Names are slugs; titles are for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from monitoring.incidents.incident import Incident
from monitoring.observed import OntState, Reach
from monitoring.sla.availability import Month
from monitoring.sla.lines import Line
from monitoring.topology import Medium, SiteKind


class State(StrEnum):
    """What a site's service is; the order is that of the page, worst first."""

    DOWN = "down"
    UNKNOWN = "unknown"
    DEGRADED = "degraded"  # it answers, but over less than it should
    MAINTENANCE = "maintenance"
    UP = "up"


@dataclass(frozen=True, slots=True, kw_only=True)
class PathView:
    """One way to a site and whether it answers."""

    id: str
    hub: str
    medium: Medium
    reach: Reach
    since: float | None
    reason: str = ""
    segments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteView:
    """One site. `pole` is None for hubs and for poles themselves; `feed` is the last segment of its first fibre path.

    `ont` is what its OLT last said of it, without the moment of asking: that alone is no news.
    """

    name: str
    title: str
    kind: SiteKind
    region: str
    pole: str | None
    tier: int
    latitude: float
    longitude: float
    state: State
    since: float | None
    reason: str = ""
    incident: str | None = None
    paths: tuple[PathView, ...] = ()
    feed: str | None = None
    ont: OntState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentView:
    """One segment and the line it draws on the map (latitude, longitude); `failed` if an incident blames it.

    `feeds` is how many sites have a path over it.
    """

    id: str
    title: str
    ends: tuple[str, str]
    length_km: float
    line: tuple[tuple[float, float], ...]
    feeds: int
    failed: bool = False
    incident: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A kilometre point: of which segment, where that is, and the nearest site (kilometres as the crow flies)."""

    segment: str
    km: float
    latitude: float | None = None
    longitude: float | None = None
    near: str = ""
    near_km: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """An incident with the titles of the segments it blames, the sites that are down and those that lost a path.

    `headline` says what happened and where, in one line.
    """

    incident: Incident
    headline: str
    segments: tuple[str, ...]
    sites: tuple[SiteView, ...] = ()
    weakened: tuple[SiteView, ...] = ()
    place: Place | None = None


class Watching(StrEnum):
    """Why something that still works is to be watched."""

    RING_OPEN = "ring_open"
    MARGIN = "margin"
    STEP = "step"
    DRIFT = "drift"
    LASER = "laser"
    LOSS = "loss"
    DELAY = "delay"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchView:
    """Something that works but will not for long: what it is, in French, since when, days left where they are known."""

    kind: Watching
    subject: str
    text: str
    site: str | None = None
    since: float | None = None
    days_left: float | None = None
    incident: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthView:
    """A part of the monitoring itself: a collector, a device it reads, its spool. UNKNOWN: never heard of yet."""

    name: str
    reach: Reach
    text: str
    since: float | None = None
    last_success: float | None = None


@dataclass(frozen=True, kw_only=True)
class View:
    """Everything on the page. Incidents come worst first; `closed` are those of the last hours, newest first."""

    at: float
    vantage: str
    sites: tuple[SiteView, ...]
    segments: tuple[SegmentView, ...] = ()
    incidents: tuple[IncidentView, ...] = ()
    closed: tuple[IncidentView, ...] = ()
    watch: tuple[WatchView, ...] = ()
    health: tuple[HealthView, ...] = ()
    devices: int = 0  # that are asked
    silent: int = 0  # of them
    month: Month
    sla: tuple[Line, ...] = ()
    blind: str = ""
    rendered_from: str = field(default="")

    @cached_property
    def site_by_name(self) -> Mapping[str, SiteView]:
        """Sites by name."""
        return {site.name: site for site in self.sites}

    @cached_property
    def segment_by_id(self) -> Mapping[str, SegmentView]:
        """Segments by id."""
        return {segment.id: segment for segment in self.segments}

    @cached_property
    def incident_by_id(self) -> Mapping[str, IncidentView]:
        """Incidents by id, closed ones too."""
        return {one.incident.id: one for one in (*self.closed, *self.incidents)}

    @cached_property
    def counts(self) -> Mapping[State, int]:
        """How many sites are in each state, every state named."""
        found = dict.fromkeys(State, 0)
        for site in self.sites:
            found[site.state] += 1
        return found
