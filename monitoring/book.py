"""The last of everything that was read. One thread writes; others may take copies at any time."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from monitoring.measures.snmp.counters import LinkReading
from monitoring.observed import DeviceState, OntState, OpticsReading, Reach, Validity

OpticsKey = tuple[str, str, int]
OntPlace = tuple[str, str, int]
LinkKey = tuple[str, str]


@dataclass(slots=True)
class Book:
    """Readings by device and port, ONTs by OLT, PON and number, links by device and port."""

    optics: dict[OpticsKey, OpticsReading] = field(default_factory=dict)
    onts: dict[OntPlace, OntState] = field(default_factory=dict)
    links: dict[LinkKey, LinkReading] = field(default_factory=dict)
    devices: dict[str, DeviceState] = field(default_factory=dict)
    clocks: dict[str, float] = field(default_factory=dict)  # seconds that a device's clock is ahead of ours
    unknown_rows: dict[str, int] = field(default_factory=dict)  # of command lines, by device
    stale_after: dict[str, float] = field(default_factory=dict)  # seconds, by device: three of its periods

    def note_optics(self, readings: Iterable[OpticsReading]) -> None:
        """Keep readings in place of the ones before."""
        for reading in readings:
            self.optics[reading.device, reading.port, reading.lane] = reading

    def note_ont(self, state: OntState) -> None:
        """Keep an ONT's state in place of the one before."""
        self.onts[state.olt, state.pon, state.number] = state

    def current_optics(self, now: float) -> tuple[OpticsReading, ...]:
        """Return every reading; one that is too old to be believed says so and has no values."""
        return tuple(self._current(reading, now) for reading in list(self.optics.values()))

    def _current(self, reading: OpticsReading, now: float) -> OpticsReading:
        if now - reading.at <= self.stale_after.get(reading.device, math.inf):
            return reading
        return OpticsReading(device=reading.device, port=reading.port, lane=reading.lane, at=reading.at, validity=Validity.STALE)

    def optics_lost(self, device: str, at: float) -> None:
        """Say of every port of a device that it could not be read."""
        for key, reading in list(self.optics.items()):
            if reading.device == device:
                self.optics[key] = OpticsReading(device=device, port=reading.port, lane=reading.lane, at=at, validity=Validity.UNREACHABLE)

    def onts_lost(self, olt: str, at: float) -> None:
        """Say of every ONT of an OLT that nobody knows: neither up nor down."""
        for key, state in list(self.onts.items()):
            if state.olt == olt:
                lost = replace(state, at=at, reach=Reach.UNKNOWN, validity=Validity.UNREACHABLE, rx_dbm=None, olt_rx_dbm=None)
                self.onts[key] = lost

    def keep(self, devices: frozenset[str]) -> None:
        """Forget devices that are no longer watched."""
        self.optics = {key: value for key, value in self.optics.items() if value.device in devices}
        self.onts = {key: value for key, value in self.onts.items() if value.olt in devices}
        self.links = {key: value for key, value in self.links.items() if value.device in devices}
        self.devices = {key: value for key, value in self.devices.items() if key in devices}
        self.clocks = {key: value for key, value in self.clocks.items() if key in devices}
        self.unknown_rows = {key: value for key, value in self.unknown_rows.items() if key in devices}
