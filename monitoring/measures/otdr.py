"""Traces of an OTDR (.sor, SR-4731) to the kilometre point where a fibre ends, and to the place on the ground; pure."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import otdrparser  # type: ignore[import-untyped] # it ships no types

from monitoring.problems import Problem, ProblemsError
from monitoring.topology import Segment, Site

_MOST_BYTES = 16 << 20  # a trace of 65 000 points is 130 kB; nobody's memory is filled by a file that claims more
_END_NOTES = frozenset({"E", "D"})  # found end of fibre; end set by the person who measured
_REFLECTIVE = frozenset({"1", "2"})
_EARTH_KM = 6371.0
_TOLERANCE_KM = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceEvent:
    """One event: kilometres of fibre from the OTDR, loss in dB, whether it reflects, whether the fibre ends there."""

    km: float
    loss_db: float
    reflects: bool
    ends: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What a trace says: when it was taken (seconds since 1970), at which wavelength (nm), its events by distance."""

    at: float
    wavelength_nm: float
    events: tuple[TraceEvent, ...]

    @property
    def end_km(self) -> float:
        """Return the kilometres of fibre to its end: the event that says so, else the last one."""
        ends = [event.km for event in self.events if event.ends]
        return ends[0] if ends else self.events[-1].km


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """How fibre and route differ: the launch cable, and the fibre's healthy length (longer than the route: slack, twist)."""

    launch_km: float = 0.0
    fibre_km: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakPoint:
    """Where a fibre ends: kilometres of the route from the segment's first end, coordinates, the nearest site and how far it is."""

    segment: str
    km: float
    latitude: float | None
    longitude: float | None
    near: str
    near_km: float | None


def read(content: bytes, where: str) -> Trace:
    """Return the trace in a .sor file. Raises ProblemsError."""
    if len(content) > _MOST_BYTES:
        raise ProblemsError([Problem(where=where, what=f"{len(content)} bytes are no trace")])
    try:
        blocks = otdrparser.parse2(io.BytesIO(content))
        return _trace(blocks, where)
    except (ValueError, LookupError, TypeError, ArithmeticError, struct.error) as error:
        problem = Problem(where=where, what=f"is no trace that can be read: {error}", hint="save it again as .sor version 2")
        raise ProblemsError([problem]) from error


def _trace(blocks: Mapping[str, Mapping[str, object]], where: str) -> Trace:
    raw = blocks.get("KeyEvents", {}).get("events")
    events = sorted((_event(each) for each in raw), key=lambda event: event.km) if isinstance(raw, list) else []
    if not events:
        raise ProblemsError([Problem(where=where, what="holds no events", hint="let the OTDR analyse the trace before saving it")])
    fixed = blocks["FxdParams"]
    return Trace(at=_number(fixed["date_time"]), wavelength_nm=_number(fixed["wavelength"]), events=tuple(events))


def _event(raw: Mapping[str, object]) -> TraceEvent:
    kind = str(raw["event_type"])
    km = _number(raw["distance_of_travel"]) / 1000
    if not 0 <= km < math.inf:
        raise ValueError(f"an event at {km} km")
    return TraceEvent(km=km, loss_db=_number(raw["splice_loss"]), reflects=kind[:1] in _REFLECTIVE, ends=kind[1:2] in _END_NOTES)


def _number(value: object) -> float:
    if isinstance(value, (int, float)):
        return float(value)
    raise TypeError(f"{value!r} is no number")


def route_km(trace: Trace, segment: Segment, survey: Survey, *, from_second_end: bool) -> float | None:
    """Return where on the route the fibre ends, from the segment's first end; None if it reaches the other end."""
    fibre = max(0.0, trace.end_km - survey.launch_km)
    whole = survey.fibre_km or segment.length_km
    if fibre >= whole - _TOLERANCE_KM:
        return None
    along = fibre / whole * segment.length_km
    return round(segment.length_km - along if from_second_end else along, 3)


def place(segment: Segment, km: float, sites: Iterable[Site]) -> BreakPoint:
    """Return the place of a kilometre point: between the surveyed points around it, and the site nearest to that."""
    ground = _between(segment, km)
    if ground is None:
        return BreakPoint(segment=segment.id, km=km, latitude=None, longitude=None, near="", near_km=None)
    latitude, longitude = ground
    distances = [(distance_km(latitude, longitude, site.latitude, site.longitude), site.name) for site in sites]
    near_km, near = min(distances, default=(math.inf, ""))
    return BreakPoint(
        segment=segment.id,
        km=km,
        latitude=round(latitude, 5),
        longitude=round(longitude, 5),
        near=near,
        near_km=round(near_km, 1) if near else None,
    )


def _between(segment: Segment, km: float) -> tuple[float, float] | None:
    points = segment.points
    if not points:
        return None
    before = max((point for point in points if point.km <= km), key=lambda point: point.km, default=points[0])
    after = min((point for point in points if point.km >= km), key=lambda point: point.km, default=points[-1])
    span = after.km - before.km
    part = (km - before.km) / span if span > 0 else 0.0
    return before.latitude + part * (after.latitude - before.latitude), before.longitude + part * (after.longitude - before.longitude)


def distance_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Return the great-circle distance of two points (haversine)."""
    first, second = math.radians(latitude), math.radians(other_latitude)
    chord = math.sin((second - first) / 2) ** 2
    chord += math.cos(first) * math.cos(second) * math.sin(math.radians(other_longitude - longitude) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(min(1.0, chord)))
