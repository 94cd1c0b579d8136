"""The map: a few numbers that the page's SVG draws. Plate carrée, 1 degree of latitude = 124 units.

The outline joins communes near the border (positions: GeoNames, CC BY 4.0) in the order of a walk around the country;
it shows where things are and is no survey of a border.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, radians, sin, sqrt

from monitoring.noc.view import IncidentView, SegmentView, SiteView, View
from monitoring.topology import SiteKind

WIDTH, HEIGHT = 880, 580
_SCALE = 124.0
_WEST, _NORTH, _MIDDLE = -18.6, 16.95, 14.4  # degrees; at the middle latitude both scales agree
_GOLDEN_ANGLE = pi * (3 - sqrt(5))
_INSET_REGION = "Dakar"
_INSET = (4.0, 370.0, 212.0, 160.0)  # x, y, width, height of the enlarged region, in the sea
_INSET_LEAST = 8  # fewer sites of the region need no enlargement
_INSET_CENTRE = (14.745, -17.325)
_INSET_SCALE = 460.0
_SPACING, _INSET_SPACING = 6.5, 9.0

# fmt: off
_OUTLINE = (
    (16.0179, -16.4896), (16.4203, -15.7983), (16.4625, -15.7008), (16.5667, -15.45), (16.6489, -14.9607), (16.5129, -14.6471),
    (16.5676, -14.2796), (16.2557, -14.1016), (15.9239, -13.6578), (15.6559, -13.2554), (15.2637, -12.8682), (15.022, -12.5437),
    (14.9024, -12.4594), (14.4567, -12.2166), (12.8317, -11.7538), (12.5556, -12.1808), (12.6285, -12.8166), (12.9333, -14.0833),
    (12.8833, -14.4833), (12.7658, -15.1075), (12.6497, -15.4261), (12.4942, -15.6314), (12.5778, -15.8722), (12.568, -16.2733),
    (12.485, -16.5469), (13.0501, -16.5998), (13.0579, -15.6432), (13.4333, -14.95), (13.15, -14.1167), (13.45, -13.75),
    (13.9333, -14.3), (13.9833, -14.5667), (13.9833, -14.8), (13.8333, -15.4167), (13.75, -15.8), (13.8472, -16.0577),
    (13.6066, -16.4243), (14.1227, -16.4692), (14.422, -16.9638), (14.5573, -17.114), (14.6719, -17.2048), (14.6928, -17.4467),
    (14.7815, -17.3841), (14.9189, -17.1198), (15.1405, -16.8868), (15.365, -16.4339), (15.9139, -16.2599),
)
# fmt: on

_Spot = tuple[float, float]  # x, y on the drawing


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One site on the map."""

    site: SiteView
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One segment on the map, as the points of a polyline."""

    segment: SegmentView
    points: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A kilometre point on the map."""

    incident: IncidentView
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """All that is drawn, the worst states last so that they lie on top.

    `names` are the marks that carry their title. `inset` is x, y, width, height, or None.
    """

    outline: str
    marks: tuple[Mark, ...]
    lines: tuple[Line, ...]
    breaks: tuple[Break, ...]
    names: tuple[Mark, ...]
    inset: tuple[float, float, float, float] | None


def chart(view: View, sites: Sequence[SiteView]) -> Chart:
    """Draw these sites of the view, its trunk segments and its kilometre points."""
    inset = _INSET if sum(_in_inset(site) for site in view.sites) >= _INSET_LEAST else None
    order = {state: rank for rank, state in enumerate(reversed(list(view.counts)))}
    marks = sorted(_marks(view, sites, inset is not None), key=lambda mark: (order[mark.site.state], mark.site.name))
    trunks = [segment for segment in view.segments if segment.line and (segment.failed or _is_trunk(view, segment))]
    return Chart(
        outline=_points(_OUTLINE),
        marks=tuple(marks),
        lines=tuple(Line(segment=one, points=_points(one.line)) for one in sorted(trunks, key=lambda one: (one.failed, one.id))),
        breaks=tuple(_breaks(view)),
        names=tuple(mark for mark in marks if mark.site.kind is SiteKind.POLE),
        inset=inset,
    )


def _is_trunk(view: View, segment: SegmentView) -> bool:
    """Tell whether a segment is worth a line: it feeds several sites, or joins hubs and poles (a ring's idle side too)."""
    ends = [view.site_by_name.get(end) for end in segment.ends]
    return segment.feeds > 1 or all(end is not None and end.kind is not SiteKind.CENTRE for end in ends)


def _project(latitude: float, longitude: float) -> _Spot:
    return (longitude - _WEST) * cos(radians(_MIDDLE)) * _SCALE, (_NORTH - latitude) * _SCALE


def _project_inset(latitude: float, longitude: float) -> _Spot:
    x, y, width, height = _INSET
    east = (longitude - _INSET_CENTRE[1]) * cos(radians(_MIDDLE)) * _INSET_SCALE
    return x + width / 2 + east, y + height / 2 - (latitude - _INSET_CENTRE[0]) * _INSET_SCALE


def _in_inset(site: SiteView) -> bool:
    return site.region == _INSET_REGION and site.kind is SiteKind.CENTRE


def _marks(view: View, sites: Sequence[SiteView], with_inset: bool) -> list[Mark]:
    """Place sites; those at one place stand in a sunflower around it, at spots that do not depend on the filter."""
    shown = frozenset(site.name for site in sites)
    taken: dict[tuple[bool, float, float], int] = {}
    found = []
    for site in view.sites:
        inside = with_inset and _in_inset(site)
        key = (inside, round(site.latitude, 2), round(site.longitude, 2))
        nth = taken[key] = taken.get(key, -1) + 1
        if site.name in shown:
            x, y = (_project_inset if inside else _project)(site.latitude, site.longitude)
            far = (_INSET_SPACING if inside else _SPACING) * sqrt(nth)
            found.append(Mark(site=site, x=x + far * cos(nth * _GOLDEN_ANGLE), y=y + far * sin(nth * _GOLDEN_ANGLE)))
    return found


def _breaks(view: View) -> list[Break]:
    found = []
    for one in view.incidents:
        if one.place is not None and one.place.latitude is not None and one.place.longitude is not None:
            x, y = _project(one.place.latitude, one.place.longitude)
            found.append(Break(incident=one, x=x, y=y))
    return found


def _points(line: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.0f},{y:.0f}" for x, y in (_project(*point) for point in line))
