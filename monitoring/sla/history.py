"""The history of every site's state: an append-only SQLite file that a kill -9 does not hurt.

A *run* is one life of the monitoring. Its last sign of life is kept, so that the time between two runs is read back as
unknown and never as the state that happened to be last.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

log = logging.getLogger(__name__)

BEAT = timedelta(seconds=30)  # how often a quiet run signs that it lives
GRACE = timedelta(seconds=60)  # a restart shorter than this leaves no hole; two beats
_STEP = 600_000  # milliseconds; a step back of more is the mending of a wrong clock
_BUSY_SECONDS = 10.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS run (id INTEGER PRIMARY KEY, started_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS change (
  id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES run, site TEXT NOT NULL, at_ms INTEGER NOT NULL, state TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS change_by_site ON change (site, at_ms, id);
CREATE TRIGGER IF NOT EXISTS change_stays BEFORE UPDATE ON change BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
CREATE TRIGGER IF NOT EXISTS change_remains BEFORE DELETE ON change BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
"""


_ROWS = "SELECT site, at_ms, state, run.id, run.seen_ms FROM change JOIN run ON run.id = change.run WHERE site = ? AND"
_Row = tuple[str, int, str, int, int]  # site, at, state, run, the run's last sign of life


class ServiceState(StrEnum):
    """What a site's service was; unknown is neither up nor down, absent is a site that was not watched."""

    UP = "up"
    DOWN = "down"
    MAINTENANCE = "maintenance"
    UNKNOWN = "unknown"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One site in one state from start until end."""

    site: str
    state: ServiceState
    start: datetime
    end: datetime


def opened(path: Path) -> History:
    """Open a history; a file that is no database, or a broken one, is put aside, and a new one begins."""
    try:
        return History(path)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode not in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
            raise OSError(0, f"{error}", str(path)) from error
        aside = path.with_name(f"{path.name}.unreadable-{datetime.now(UTC):%Y%m%d-%H%M%S}")
        path.replace(aside)
        for part in ("-wal", "-shm"):  # they belong to the file that is put aside
            path.with_name(path.name + part).unlink(missing_ok=True)
        log.error("%s: put aside as %s, beginning a new history: %s", path, aside.name, error)  # noqa: TRY400 - its text says all
        return History(path)


class History:
    """The file of one monitoring; one writer, any number of readers of the same file."""

    def __init__(self, path: Path, silence: timedelta = GRACE) -> None:
        """Open the file, or make it, readable by its owner only. Raises sqlite3.DatabaseError.

        After a longer `silence` between two records (a machine that slept) a new run begins: the hole is unknown.
        """
        path.touch(mode=0o600, exist_ok=True)
        self._base = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self._lock = threading.Lock()
        self._silence = silence / timedelta(milliseconds=1)
        self._run: int | None = None
        self._seen = 0
        self._states: dict[str, ServiceState] = {}
        try:
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = FULL")
            self._base.executescript(_SCHEMA)
            self._first: dict[str, int] = dict(self._base.execute("SELECT site, min(at_ms) FROM change GROUP BY site"))
        except BaseException:
            self._base.close()
            raise

    def close(self) -> None:
        """Close the file; the run ends with its last sign of life."""
        with self._lock:
            self._base.close()

    def record(self, states: Mapping[str, ServiceState], at: datetime) -> int:
        """Keep what changed since the last call and return how many sites did; `states` names every watched site.

        A clock that steps back a little is held at the last time kept. One that steps back far was wrong before: a new run
        begins at the new time.
        """
        with self._lock:
            moment, newest = _milliseconds(at), self._newest()
            if self._run is not None and (moment - newest > self._silence or newest - moment > _STEP):
                self._run, self._states = None, {}
            elif newest - moment <= _STEP:
                moment = max(moment, newest)
            gone = {site: ServiceState.ABSENT for site in self._states if site not in states}
            changes = {site: state for site, state in {**states, **gone}.items() if self._states.get(site) is not state}
            if self._run is not None and not changes and moment - self._seen < BEAT / timedelta(milliseconds=1):
                return 0
            self._append(changes, moment)
            self._states = dict(states)
            return len(changes)

    def _newest(self) -> int:
        if self._run is not None:
            return self._seen
        row: tuple[int | None] = self._base.execute("SELECT max(seen_ms) FROM run").fetchone()
        return row[0] or 0

    def _append(self, changes: Mapping[str, ServiceState], moment: int) -> None:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            run = self._run
            if run is None:
                run = self._base.execute("INSERT INTO run (started_ms, seen_ms) VALUES (?, ?)", (moment, moment)).lastrowid
            else:
                self._base.execute("UPDATE run SET seen_ms = ? WHERE id = ?", (moment, run))
            rows = [(run, site, moment, str(state)) for site, state in sorted(changes.items())]
            self._base.executemany("INSERT INTO change (run, site, at_ms, state) VALUES (?, ?, ?, ?)", rows)
            self._base.execute("COMMIT")
        except BaseException:
            if self._base.in_transaction:  # a full disk has rolled back by itself
                self._base.execute("ROLLBACK")
            raise
        self._run, self._seen = run, moment
        for site in changes:
            self._first.setdefault(site, moment)

    def spans(self, start: datetime, end: datetime, site: str | None = None) -> tuple[Span, ...]:
        """Return the spans between two times, by site then time; every hole between a site's spans is an unknown one."""
        first, last, grace = _milliseconds(start), _milliseconds(end), _milliseconds(_EPOCH + GRACE)
        with self._lock:
            sites = sorted(self._first) if site is None else [site]
            rows = [row for one in sites for row in self._rows(one, first, last)]
        return tuple(_spans(rows, first, last, grace))

    def _rows(self, site: str, first: int, last: int) -> list[_Row]:
        """Return a site's changes in the period, and before them the one that held when it began."""
        before: list[_Row] = self._base.execute(f"{_ROWS} at_ms < ? ORDER BY at_ms DESC, change.id DESC LIMIT 1", (site, first)).fetchall()
        inside: list[_Row] = self._base.execute(
            f"{_ROWS} at_ms >= ? AND at_ms < ? ORDER BY at_ms, change.id", (site, first, last)
        ).fetchall()
        return [*before, *inside]

    def first_seen(self) -> Mapping[str, datetime]:
        """Return when each site was first watched."""
        with self._lock:
            return {site: _moment(at) for site, at in sorted(self._first.items())}


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _milliseconds(moment: datetime) -> int:
    return round((moment - _EPOCH) / timedelta(milliseconds=1))


def _moment(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _spans(rows: list[_Row], first: int, last: int, grace: int) -> Iterator[Span]:
    """Yield the spans of rows sorted by site and time, cut to the period."""
    for row, following in pairwise([*rows, None]):
        assert row is not None  # noqa: S101, only the last one is None
        site, at, state, run, seen = row
        same = following if following is not None and following[0] == site else None
        until = min(same[1], last) if same is not None else last
        # Within a run a state lasts until the next change; over its end only as long as a short restart takes.
        lasts = (same is not None and same[3] == run) or until - seen <= grace or ServiceState(state) is ServiceState.ABSENT
        kept = until if lasts else max(seen, at)
        yield from _cut(site, ServiceState(state), (at, kept), (first, last))
        yield from _cut(site, ServiceState.UNKNOWN, (kept, until), (first, last))


def _cut(site: str, state: ServiceState, span: tuple[int, int], period: tuple[int, int]) -> Iterator[Span]:
    """Yield what of a span lies in the period."""
    start, end = max(span[0], period[0]), min(span[1], period[1])
    if start < end:
        yield Span(site=site, state=state, start=_moment(start), end=_moment(end))
