"""The engine: one look after another turns what is seen into incidents. Pure: memory in, memory out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from monitoring.incidents.findings import look
from monitoring.incidents.incident import Incident, Kind, Stage
from monitoring.incidents.index import Index, PathKey
from monitoring.incidents.life import Now, acknowledged, lived, settled_segments
from monitoring.incidents.settings import DEFAULT, Settings
from monitoring.incidents.view import view_of
from monitoring.observed import Observed, Reach

_LATE = 60.0  # seconds; by more than this it is the clock that was wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the engine knows after a look. Only `incidents` must survive a restart."""

    at: float = 0.0
    incidents: tuple[Incident, ...] = ()
    reach: Mapping[str, Reach] = field(default_factory=dict)  # every site that was seen
    in_use: frozenset[str] = frozenset()  # segments that carry a path that is up
    down: Mapping[PathKey, float] = field(default_factory=dict)  # when a look first saw a path down
    explained: frozenset[PathKey] = frozenset()  # down paths that an open incident has explained since they fell
    found: Mapping[str, float] = field(default_factory=dict)  # a finding's key -> since when each look found it

    def current(self) -> tuple[Incident, ...]:
        """Return the incidents that are not closed."""
        return tuple(incident for incident in self.incidents if incident.stage is not Stage.CLOSED)


def advance(index: Index, memory: Memory, observed: Observed, settings: Settings = DEFAULT) -> Memory:
    """Return the memory after a look at what is seen now. A look that comes late changes nothing; a clock put back does."""
    if 0 < memory.at - observed.at < _LATE:
        return memory
    view = view_of(index, observed)
    seen = look(index, view, settled_segments(memory.incidents, observed.at, settings), settings)
    down = {key: memory.down.get(key, observed.at) for key in view.paths if view.fell(key) is not None}
    since: dict[str, float] = {}
    for (site, _), moment in down.items():
        since[site] = max(since.get(site, moment), moment)
    found = {finding.key: memory.found.get(finding.key, observed.at) for finding in seen.findings}
    in_use = frozenset(index.names(seen.in_use))
    unexplained = {key[0] for key in down if key not in memory.explained}
    told = frozenset(since.keys() - unexplained)
    now = Now(at=observed.at, reach=view.reach, in_use=in_use, down_since=since, found_since=found, explained=told)
    incidents = lived(memory.incidents, seen.findings, now, settings)
    explained = frozenset(key for key in down if key in memory.explained) | _explained(index, incidents, down)
    return Memory(at=observed.at, incidents=incidents, reach=view.reach, in_use=in_use, down=down, explained=explained, found=found)


def _explained(index: Index, incidents: tuple[Incident, ...], down: Iterable[PathKey]) -> frozenset[PathKey]:
    """Return the down paths that open incidents explain: by a segment, or where none is blamed by the site."""
    standing = [one for one in incidents if one.stage is Stage.OPEN and one.kind is not Kind.BLIND]
    bits = index.of(name for one in standing for name in one.segments)
    sites = {site for one in standing if not one.segments for site in (*one.sites, *one.weakened)}
    return frozenset(key for key in down if index.bits.get(key, 0) & bits or key[0] in sites)


def acknowledge(memory: Memory, incident: str, by: str, at: float) -> Memory:
    """Return the memory with an incident taken in hand. Raises LookupError if there is no such open incident or no name."""
    return replace(memory, incidents=acknowledged(memory.incidents, incident, by, at))
