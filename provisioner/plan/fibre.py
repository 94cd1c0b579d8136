"""The fibre as a graph: which segments lead from a hub to each site. Pure; the same inventory gives the same routes."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provisioner.model import Inventory
from provisioner.model.fibre import RoutePoint

Route = tuple[str, ...]  # ids of segments, in order from the hub


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of fibre between two ends: sites or junctions."""

    id: str
    title: str
    ends: tuple[str, str]
    length_km: float
    points: tuple[RoutePoint, ...] = ()


def access_segment(begins: str, site: str) -> str:
    """Return the id of a site's own last segment."""
    return f"{begins}-{site}"


def segments(inventory: Inventory) -> dict[str, Segment]:
    """Return every segment by id: those of fibre.yml, and each site's own last one."""
    return {segment.id: segment for segment in sorted(_segments(inventory), key=lambda segment: segment.id)}


def _segments(inventory: Inventory) -> Iterator[Segment]:
    for name, rule in inventory.fibre.segments.items():
        first, second = rule.ends
        yield Segment(id=name, title=rule.title, ends=(first, second), length_km=rule.length_km, points=rule.points)
    for site in inventory.sites.values():
        if feed := site.fibre:
            title = f"{_title(inventory, feed.begins)} – {site.title}"
            ends = (feed.begins, site.name)
            yield Segment(id=access_segment(*ends), title=title, ends=ends, length_km=feed.length_km, points=feed.points)


def _title(inventory: Inventory, end: str) -> str:
    if site := inventory.sites.get(end):
        return site.title
    junction = inventory.fibre.junctions.get(end)
    return junction.title if junction else end


def routes(inventory: Inventory, hub: str) -> dict[str, Route]:
    """Return the route from a hub to every site that the fibre reaches: the one that is written, else the shortest.

    Of two routes of one length the one whose segments come first in the alphabet is taken.
    """
    written = {site: by_hub[hub] for site, by_hub in inventory.fibre.routes.items() if hub in by_hub}
    found = {site: route for site, route in _shortest(segments(inventory), hub).items() if site in inventory.sites}
    return dict(sorted({**found, **written}.items()))


def _shortest(graph: Mapping[str, Segment], start: str) -> dict[str, Route]:
    """Return the shortest route from one end to every other (Dijkstra 1959); lengths are compared to the metre."""
    beside: dict[str, list[tuple[str, str, int]]] = {}
    for segment in graph.values():
        metres = round(segment.length_km * 1000)
        for here, there in (segment.ends, segment.ends[::-1]):
            beside.setdefault(here, []).append((segment.id, there, metres))
    found: dict[str, Route] = {}
    queue: list[tuple[int, Route, str]] = [(0, (), start)]
    while queue:
        length, route, here = heapq.heappop(queue)
        if here in found:
            continue
        found[here] = route
        for segment_id, there, metres in beside.get(here, []):
            if there not in found:
                heapq.heappush(queue, (length + metres, (*route, segment_id), there))
    return found
