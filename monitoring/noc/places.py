"""Where things are: the line of a segment, the place of a kilometre point, the nearest site."""

from __future__ import annotations

from itertools import pairwise
from math import asin, cos, radians, sin, sqrt

from monitoring.noc.view import Place
from monitoring.topology import Segment, SiteKind, Topology

_EARTH_KM = 6371.0
_Point = tuple[float, float]  # latitude, longitude


def distance_km(one: _Point, other: _Point) -> float:
    """Return the great-circle distance (haversine)."""
    half = sin(radians(other[0] - one[0]) / 2) ** 2
    half += cos(radians(one[0])) * cos(radians(other[0])) * sin(radians(other[1] - one[1]) / 2) ** 2
    return 2 * _EARTH_KM * asin(sqrt(half))


def line(topology: Topology, segment: Segment) -> tuple[_Point, ...]:
    """Return the segment's route as far as it is known: its points, else its ends if both are sites, else nothing."""
    return tuple(point for _, point in _stations(topology, segment))


def place(topology: Topology, segment: Segment, km: float) -> Place:
    """Return where a kilometre point is, by straight lines between the points of the route."""
    for (before, one), (after, other) in pairwise(_stations(topology, segment)):
        if before <= km <= after:
            part = (km - before) / (after - before) if after > before else 0.0
            point = (one[0] + part * (other[0] - one[0]), one[1] + part * (other[1] - one[1]))
            near, near_km = _nearest(topology, segment, point)
            return Place(segment=segment.title, km=km, latitude=point[0], longitude=point[1], near=near, near_km=near_km)
    return Place(segment=segment.title, km=km)


def _stations(topology: Topology, segment: Segment) -> tuple[tuple[float, _Point], ...]:
    """Return (kilometre, point) along the segment, in order."""
    if segment.points:
        return tuple((point.km, (point.latitude, point.longitude)) for point in segment.points)
    ends = [topology.site_by_name.get(end) for end in segment.ends]
    known = [(end.latitude, end.longitude) for end in ends if end is not None]
    return ((0.0, known[0]), (segment.length_km, known[1])) if len(known) == len(ends) else ()


def _nearest(topology: Topology, segment: Segment, point: _Point) -> tuple[str, float | None]:
    named = [(site.title, (site.latitude, site.longitude)) for site in topology.sites if site.kind is not SiteKind.HUB]
    named += [(one.title, (one.latitude, one.longitude)) for one in segment.points if one.title]
    km, title = min(((distance_km(point, at), title) for title, at in named), default=(None, ""))
    return title, km
