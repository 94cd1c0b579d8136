"""Light as samples: an absent reading is an absent sample, and the flag beside it says why."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from monitoring import families
from monitoring.book import Book, OpticsKey
from monitoring.exposition import Block, Family, block
from monitoring.measures.optics.classes import limits_of
from monitoring.observed import OpticsReading, Validity
from monitoring.topology import OpticsClass, Topology

_GAUGES: tuple[tuple[Family, Callable[[OpticsReading], float | None]], ...] = (
    (families.RX_POWER, lambda reading: reading.rx_dbm),
    (families.TX_POWER, lambda reading: reading.tx_dbm),
    (families.TX_BIAS, lambda reading: reading.bias_amperes),
    (families.MODULE_TEMPERATURE, lambda reading: reading.temperature_celsius),
    (families.MODULE_VOLTAGE, lambda reading: reading.voltage_volts),
    (families.RX_LOS, lambda reading: None if reading.los is None else float(reading.los)),
)
ONT_END = "ont"
PortLabels = tuple[str, str, str, str]  # device, port, lane, end


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a port belongs to: the end of its segment where it stands, site, segment, class of optics."""

    end: str
    site: str
    segment: str
    optics: OpticsClass | None


def standings(topology: Topology) -> Mapping[tuple[str, str, int | None], Standing]:
    """Return the standing of every port by device and name, and of every ONT by OLT, PON and number."""
    found: dict[tuple[str, str, int | None], Standing] = {}
    for device in topology.devices:
        for port in device.ports:
            standing = Standing(end=port.end, site=device.site, segment=port.segment, optics=port.optics)
            found[device.name, port.name, None] = standing
    for site in topology.sites:
        if site.ont is not None:
            segment = next((path.segments[-1] for path in site.paths if path.segments), "")
            standing = Standing(end=ONT_END, site=site.name, segment=segment, optics=site.ont.optics)
            found[site.ont.olt, site.ont.pon, site.ont.number] = standing
    return found


class OpticsBlocks:
    """The blocks of every optical reading."""

    def __init__(self, book: Book, topology: Callable[[], Topology]) -> None:
        self._book = book
        self._topology = topology
        self._known: tuple[Topology | None, Mapping[tuple[str, str, int | None], Standing]] = (None, {})
        self._placed: dict[OpticsKey, tuple[PortLabels, Standing | None]] = {}

    def __call__(self) -> Iterator[Block]:
        """Yield what the last readings say."""
        topology = self._topology()
        if self._known[0] is not topology:
            self._known = (topology, standings(topology))
            self._placed = {}
        placed = [(self._labels(reading), reading) for reading in self._book.current_optics(time.time())]
        for family, value in _GAUGES:
            told = ((labels, value(reading)) for (labels, _), reading in placed)
            yield block(family, {labels: number for labels, number in told if number is not None})
        yield block(
            families.READING_VALID, {(*labels, reading.validity): float(reading.validity is Validity.OK) for (labels, _), reading in placed}
        )
        yield block(families.READING_TIMESTAMP, {labels: reading.at for (labels, _), reading in placed})
        yield block(families.RX_LIMIT, dict(_limits(placed)))
        infos = {(*labels, at.site, at.segment, at.optics or ""): 1.0 for (labels, at), _ in placed if at is not None}
        yield block(families.OPTICS_INFO, infos)
        yield block(families.CLI_UNKNOWN, {(device,): rows for device, rows in list(self._book.unknown_rows.items())})

    def _labels(self, reading: OpticsReading) -> tuple[PortLabels, Standing | None]:
        key = (reading.device, reading.port, reading.lane)
        found = self._placed.get(key)
        if found is None:
            found = self._placed[key] = self._looked_up(reading)
        return found

    def _looked_up(self, reading: OpticsReading) -> tuple[PortLabels, Standing | None]:
        known = self._known[1]
        standing = known.get((reading.device, reading.port, reading.lane)) or known.get((reading.device, reading.port, None))
        return (reading.device, reading.port, str(reading.lane), standing.end if standing else ""), standing


def _limits(
    placed: list[tuple[tuple[PortLabels, Standing | None], OpticsReading]],
) -> Iterator[tuple[tuple[str, ...], float]]:
    for (labels, standing), reading in placed:
        limits = reading.limits or (limits_of(standing.optics) if standing is not None and standing.optics is not None else None)
        if limits is None:
            continue
        for name in ("low_alarm", "low_warning", "high_warning", "high_alarm"):
            value: float | None = getattr(limits, name)
            if value is not None:
                yield (*labels, name), value
