"""What was seen, arranged by site and segment: who is up, down or unknown, since when, and what the devices say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitoring.incidents.index import Index, PathKey
from monitoring.observed import DeviceState, Observed, OntState, OpticsReading, PathState, Reach, Validity

_POLL = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One moment. `dark` sites have no fibre path that is up and one at least that is down; radio may still serve them."""

    observed: Observed
    paths: Mapping[PathKey, PathState]
    reach: Mapping[str, Reach]
    dark: Mapping[str, float]  # site -> moment of its last fibre path's fall
    radio_up: frozenset[str]
    onts: Mapping[str, OntState]
    devices: Mapping[str, DeviceState]
    detours: Mapping[PathKey, float]
    ports: Mapping[tuple[str, str], OpticsReading] = field(default_factory=dict)  # (segment, end) -> the latest reading

    def fell(self, key: PathKey) -> float | None:
        """Return when a path fell, or began to take a longer way; None while it is as it should be, or unknown."""
        path = self.paths.get(key)
        if path is None or path.reach is Reach.UNKNOWN:
            return None
        return path.since if path.reach is Reach.DOWN else self.detours.get(key)

    def poll(self, device: str) -> float:
        """Return how often a device is asked, in seconds."""
        return self.devices[device].poll_seconds if device in self.devices else _POLL


def view_of(index: Index, observed: Observed) -> View:
    """Arrange what was seen; what the topology does not know is left out, and a blind vantage sees only the unknown."""
    known = {(site.name, path.id) for site in index.topology.sites for path in site.paths}
    paths = {(one.site, one.path): _seen(one, observed) for one in observed.paths if (one.site, one.path) in known}
    by_site: dict[str, list[PathState]] = {}
    for path in paths.values():
        by_site.setdefault(path.site, []).append(path)
    fibre = {site: [one for one in states if (one.site, one.path) in index.bits] for site, states in by_site.items()}
    return View(
        observed=observed,
        paths=paths,
        reach={site: reach_of(states) for site, states in by_site.items()},
        dark={site: _fell(states) for site, states in fibre.items() if _is_dark(states)},
        radio_up=frozenset(site for (site, path), one in paths.items() if (site, path) not in index.bits and one.reach is Reach.UP),
        onts={index.site_of_ont[key]: ont for ont in observed.onts if (key := (ont.olt, ont.pon, ont.number)) in index.site_of_ont},
        devices={device.device: device for device in observed.devices},
        detours={(one.site, one.path): one.since for one in observed.detours},
        ports=_ports(index, observed),
    )


def reach_of(paths: list[PathState]) -> Reach:
    """Return a site's state: up over any path, down only if every path is known to be down."""
    found = {path.reach for path in paths}
    if Reach.UP in found:
        return Reach.UP
    return Reach.DOWN if found == {Reach.DOWN} else Reach.UNKNOWN


def _seen(path: PathState, observed: Observed) -> PathState:
    if not observed.blind:
        return path
    since = path.since if path.reach is Reach.UNKNOWN else observed.at
    return PathState(site=path.site, path=path.path, reach=Reach.UNKNOWN, since=since, reason=observed.blind)


def _is_dark(paths: list[PathState]) -> bool:
    found = {path.reach for path in paths}
    return Reach.DOWN in found and Reach.UP not in found


def _fell(paths: list[PathState]) -> float:
    return max(path.since for path in paths if path.reach is Reach.DOWN)


def _ports(index: Index, observed: Observed) -> dict[tuple[str, str], OpticsReading]:
    """Return the latest reading at each end of each segment; of the lanes of one poll a dark one counts."""
    found: dict[tuple[str, str], OpticsReading] = {}
    for reading in sorted(observed.optics, key=lambda one: (one.at, one.validity is Validity.NO_LIGHT or one.los is True)):
        place = index.end_of_port.get((reading.device, reading.port))
        # An ONT's own level stands under its PON's port; it says nothing of the port's receiver.
        if place is not None and (reading.device, reading.port, reading.lane) not in index.site_of_ont:
            found[place] = reading
    return found
