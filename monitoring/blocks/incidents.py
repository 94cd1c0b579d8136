"""Incidents, segments and sites as samples. What the topology alone decides is rendered once per topology."""

from __future__ import annotations

from collections.abc import Iterator

from monitoring import families
from monitoring.exposition import Block, block
from monitoring.incidents.engine import Memory
from monitoring.incidents.incident import Cause, Incident, Kind, Stage
from monitoring.incidents.index import Index
from monitoring.observed import MaintenanceWindow, Reach


def standing_blocks(index: Index) -> tuple[Block, ...]:
    """Return what the topology alone decides: sites, devices, and which segment each path runs over."""
    topology = index.topology
    return (
        block(families.SITE_INFO, {(one.name, one.pole or "", one.kind, str(one.tier)): 1 for one in topology.sites}),
        block(families.DEVICE_INFO, {(one.name, one.kind, one.site): 1 for one in topology.devices}),
        block(families.SEGMENT_INFO, {(one.id, one.title): 1 for one in topology.segments}),
        block(families.PATH_SEGMENT, {(one.name, way.id, name): 1 for one in topology.sites for way in one.paths for name in way.segments}),
    )


def incident_blocks(index: Index, memory: Memory, maintenance: tuple[MaintenanceWindow, ...] = ()) -> Iterator[Block]:
    """Yield what the last look decided. A site that was never seen has no state yet."""
    yield block(
        families.SITE_STATE,
        {(site, state.value): float(state is seen) for site, seen in memory.reach.items() for state in Reach},
    )
    yield block(families.SEGMENT_UP, {(name,): float(value) for name, value in segments_up(index, memory).items()})
    current = [one for one in memory.incidents if one.stage is Stage.OPEN]
    yield block(
        families.INCIDENT_ACTIVE,
        {(one.id, segment, one.cause.value, one.confidence.value): 1 for one in current for segment in one.segments or ("",)},
    )
    yield block(families.INCIDENT_SITES, {(one.id,): len(one.sites) for one in current})
    yield block(families.INCIDENT_WEAKENED, {(one.id,): len(one.weakened) for one in current})
    yield block(families.INCIDENT_START, {(one.id,): one.opened for one in current})
    shared = [one for one in current if _is_shared(one)]
    yield block(families.INCIDENT_SITE, {(one.id, site): 1 for one in shared for site in (*one.sites, *one.weakened)})
    yield from _announced(memory, maintenance)


def segments_up(index: Index, memory: Memory) -> dict[str, bool]:
    """Return the segments of which something is known: those in use, and those blamed.

    Of segments that nothing tells apart the first stands for all: they are one failure, hence one alert.
    """
    found = dict.fromkeys((name for name in index.segments if name in memory.in_use), True)
    for one in memory.incidents:
        if one.stage is Stage.OPEN and one.kind is not Kind.BLIND and one.cause is not Cause.POWER and not _is_place(one):
            found |= dict.fromkeys((name for name in one.segments[:1] if name in index.bit and name not in memory.in_use), False)
    return found


def _is_place(incident: Incident) -> bool:
    """Tell whether a place failed, such as a site with all its links or an OLT, rather than a segment."""
    return not incident.segments or (len(incident.segments) > 1 and not incident.either)


def _is_shared(incident: Incident) -> bool:
    """Tell whether an incident stands for several sites' alerts although no segment does."""
    return _is_place(incident) and len(incident.sites) + len(incident.weakened) > 1 and incident.kind is not Kind.BLIND


def _announced(memory: Memory, maintenance: tuple[MaintenanceWindow, ...]) -> Iterator[Block]:
    now = [window for window in maintenance if window.covers(memory.at)]
    yield block(families.SITE_MAINTENANCE, {(site,): 1 for site in sorted({site for window in now for site in window.sites})})
    yield block(families.SEGMENT_MAINTENANCE, {(name,): 1 for name in sorted({name for window in now for name in window.segments})})
