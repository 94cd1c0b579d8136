"""A folder where OTDRs, or people, put their traces: `SEGMENT.sor`, or `SEGMENT@END.sor` for one taken from its other end."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from monitoring import families
from monitoring.exposition import Block, block
from monitoring.measures import otdr
from monitoring.observed import OtdrEvent
from monitoring.problems import ProblemsError
from monitoring.topology import Segment, Topology

log = logging.getLogger(__name__)

_FUTURE = 86_400.0  # an OTDR whose clock is a day ahead is not believed


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One trace of a segment."""

    segment: str
    end: str
    at: float
    km: float | None  # None: the fibre is whole


class OtdrFolder:
    """The traces of a folder; each file is read once, and again when it changes."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._seen: dict[Path, tuple[int, Found | None]] = {}

    def look(self, topology: Topology) -> None:
        """Read what is new; a file that cannot be read is told once."""
        if self._folder is None:
            return
        there = dict(_files(self._folder))
        self._seen = {file: kept for file, kept in self._seen.items() if file in there}
        for file, mark in there.items():
            if file not in self._seen or self._seen[file][0] != mark:
                self._seen[file] = (mark, self._read(file, topology))

    def _read(self, file: Path, topology: Topology) -> Found | None:
        name, _, end = file.stem.partition("@")
        segment = topology.segment_by_id.get(name)
        if segment is None or (end and end not in segment.ends):
            log.warning("%s: names no segment and end that is watched (hint: SEGMENT@END.sor)", file.name)
            return None
        try:
            trace = otdr.read(file.read_bytes(), file.name)
        except (ProblemsError, OSError) as error:
            log.warning("%s", error)
            return None
        return _found(trace, segment, end or segment.ends[0], file.stat().st_mtime)

    def events(self) -> tuple[OtdrEvent, ...]:
        """Return the ends of fibre that are none of the segment's: one per segment and end, the newest."""
        return tuple(OtdrEvent(segment=one.segment, at=one.at, km=one.km) for one in self._newest() if one.km is not None)

    def _newest(self) -> list[Found]:
        newest: dict[tuple[str, str], Found] = {}
        for _, found in self._seen.values():
            if found is not None and found.at >= newest.get((found.segment, found.end), found).at:
                newest[found.segment, found.end] = found
        return list(newest.values())

    def __call__(self) -> Iterator[Block]:
        """Yield where each segment's fibre ends."""
        newest = self._newest()
        ends = {(one.segment, one.end): one.km * 1000 for one in newest if one.km is not None}
        yield block(families.OTDR_BREAK, ends)
        yield block(families.OTDR_AT, {(one.segment, one.end): one.at for one in newest})


def _files(folder: Path) -> Iterator[tuple[Path, int]]:
    for file in sorted(folder.glob("*.sor")):
        with contextlib.suppress(OSError):  # it went while we looked
            if file.is_file():
                yield file, file.stat().st_mtime_ns


def _found(trace: otdr.Trace, segment: Segment, end: str, modified: float) -> Found:
    at = trace.at if 0 < trace.at <= time.time() + _FUTURE else modified
    km = otdr.route_km(trace, segment, otdr.Survey(), from_second_end=end == segment.ends[1])
    return Found(segment=segment.id, end=end, at=at, km=km)
