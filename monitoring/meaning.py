"""The meaning of what is measured, as a part of the exporter: incidents, degradation, what to watch; kept over restarts."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from monitoring.blocks.incidents import incident_blocks, standing_blocks
from monitoring.blocks.optics import Standing, standings
from monitoring.blocks.outlook import Labels, outlook_blocks
from monitoring.degradation import store as degradation_store
from monitoring.degradation.detour import WayMemory, detour, passed
from monitoring.degradation.light import LightMemory, Outlook, outlook, seen
from monitoring.degradation.store import LightKey, Remembered
from monitoring.exposition import Block
from monitoring.incidents import store
from monitoring.incidents.engine import Memory, acknowledge, advance
from monitoring.incidents.incident import Incident
from monitoring.incidents.index import Index, index_of
from monitoring.measures.optics.classes import limits_of
from monitoring.noc.view import HealthView, WatchView
from monitoring.observed import Detour, Observed, OpticsReading, PathSample
from monitoring.topology import Topology
from monitoring.watching import watched
from monitoring.web import Route

log = logging.getLogger(__name__)

_SAVE_SECONDS = 600.0  # the detectors' memory; incidents are written when they change
_INCIDENTS, _DEGRADATION = "incidents.json", "degradation.json"


class MeaningPart:
    """Feeds each look to the engine. Pages and acknowledgements come from other threads: all share one lock."""

    def __init__(self, state: Path | None) -> None:
        """Read what an earlier run has kept in the folder `state`; without one nothing survives."""
        self._state = state
        self._lock = threading.Lock()
        self._memory = store.load(state / _INCIDENTS) if state else Memory()
        kept = degradation_store.load(state / _DEGRADATION) if state else Remembered()
        self._lights, self._ways = dict(kept.lights), dict(kept.ways)
        self._index: Index | None = None
        self._standing: tuple[Block, ...] = ()
        self._labels: Mapping[LightKey, Labels] = {}
        self._places: Mapping[tuple[str, str, int | None], Standing] = {}
        self._outlooks: dict[LightKey, Outlook] = {}
        self._detours: tuple[Detour, ...] = ()
        self._observed = Observed(at=0.0)
        self._samples: tuple[PathSample, ...] = ()
        self._next_save = time.monotonic() + _SAVE_SECONDS

    def step(self, topology: Topology, observed: Observed, samples: tuple[PathSample, ...]) -> None:
        """Look at the present."""
        with self._lock:
            if self._index is None or self._index.topology is not topology:
                self._index = index_of(topology)
                self._standing, self._places = standing_blocks(self._index), standings(topology)
            self._see_light(observed.optics)
            self._see_ways(self._index, samples)
            self._observed, self._samples = replace(observed, detours=self._detours), samples
            before = self._memory
            self._memory = advance(self._index, before, self._observed)
            if self._memory.incidents != before.incidents:
                self._save_incidents()
        if time.monotonic() >= self._next_save:
            self._save_degradation()

    def _see_light(self, readings: tuple[OpticsReading, ...]) -> None:
        labels: dict[LightKey, Labels] = {}
        for reading in readings:
            key = (reading.device, reading.port, reading.lane)
            place = self._places.get(key) or self._places.get((reading.device, reading.port, None))
            labels[key] = (reading.device, reading.port, str(reading.lane), place.end if place else "")
            limits = reading.limits or (limits_of(place.optics) if place and place.optics else None)
            before = self._lights.get(key, LightMemory())
            self._lights[key] = after = seen(before, reading, limits)
            if after is not before or key not in self._outlooks:
                self._outlooks[key] = outlook(after, limits)  # thirty days of slopes: not at every scrape
        for gone in self._lights.keys() - labels.keys():
            self._lights.pop(gone)
            self._outlooks.pop(gone, None)
        self._labels = labels

    def _see_ways(self, index: Index, samples: tuple[PathSample, ...]) -> None:
        for sample in samples:
            key = (sample.site, sample.path)
            if key in index.bits:
                self._ways[key] = passed(self._ways.get(key, WayMemory()), sample)
        self._ways = {key: memory for key, memory in self._ways.items() if key in index.bits}
        found = (detour(site, path, memory) for (site, path), memory in self._ways.items())
        self._detours = tuple(one for one in found if one is not None)

    def blocks(self) -> Iterable[Block]:
        """Return incidents, segments, sites and outlooks as samples."""
        with self._lock:
            if self._index is None:
                return ()
            dynamic = (
                *incident_blocks(self._index, self._memory, self._observed.maintenance),
                *outlook_blocks(self._labels, self._lights, self._outlooks, self._detours),
            )
            return (*self._standing, *dynamic)

    def routes(self) -> Mapping[str, Route]:
        """Return no pages: the NOC's page is another part."""
        return {}

    def incidents(self) -> tuple[Incident, ...]:
        """Return the incidents that are open and those closed of late, oldest first."""
        with self._lock:
            return self._memory.incidents

    def acknowledge(self, incident: str, by: str, at: float) -> None:
        """Take an incident in hand, durably. Raises LookupError if there is no such open incident."""
        with self._lock:
            self._memory = acknowledge(self._memory, incident, by, at)
            self._save_incidents()

    def watch(self) -> tuple[WatchView, ...]:
        """Return what works but not for long, the most pressing first."""
        with self._lock:
            if self._index is None:
                return ()
            return watched(self._index.topology, self._outlooks, self._lights, self._memory.current(), self._samples)

    def health(self) -> tuple[HealthView, ...]:
        """Return nothing beside the devices, which the page knows itself."""
        return ()

    def stop(self) -> None:
        """Write what must survive."""
        with self._lock:
            self._save_incidents()
        self._save_degradation()

    def _save_incidents(self) -> None:
        if self._state is not None:
            try:
                store.save(self._state / _INCIDENTS, self._memory)
            except OSError as error:
                log.error("%s: not written: %s", self._state / _INCIDENTS, error)  # noqa: TRY400 - its text says all

    def _save_degradation(self) -> None:
        self._next_save = time.monotonic() + _SAVE_SECONDS
        if self._state is not None:
            try:
                degradation_store.save(self._state / _DEGRADATION, Remembered(lights=self._lights, ways=self._ways))
            except OSError as error:
                log.error("%s: not written: %s", self._state / _DEGRADATION, error)  # noqa: TRY400 - its text says all
