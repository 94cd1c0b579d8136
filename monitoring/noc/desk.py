"""The desk: history, board and server together. The exporter gives it each look; it keeps, posts and serves."""

from __future__ import annotations

import logging
import sqlite3
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from monitoring.incidents.incident import Incident, Stage
from monitoring.noc import assemble, passwords, states
from monitoring.noc.application import Acknowledge, Application, Sources
from monitoring.noc.board import Board
from monitoring.noc.guard import Guard
from monitoring.noc.server import NocServer, check_exposure
from monitoring.noc.view import HealthView, SiteView, View, WatchView
from monitoring.observed import Observed, Reach
from monitoring.sla.availability import Availability, Month, month_of_sites
from monitoring.sla.history import History, opened
from monitoring.sla.lines import OBJECTIVES
from monitoring.sla.report import REPORTS, MonthReport, month_report
from monitoring.topology import SiteKind, Topology

log = logging.getLogger(__name__)

_SLA_SECONDS = 60.0  # how often the month's table is added up anew
_CLOSED_SECONDS = 86_400.0  # how long a closed incident stays on the page


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the page is served and what it keeps. TLS is a certificate and its key, or nginx's task."""

    listen: tuple[str, int] = ("127.0.0.1", 9470)
    state: Path
    passwords: Path | None = None
    tls: tuple[Path, Path] | None = None
    objectives: Mapping[SiteKind, float] = field(default_factory=lambda: OBJECTIVES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Everything known at one moment: what is watched, what was seen, what it means."""

    topology: Topology
    observed: Observed
    incidents: tuple[Incident, ...] = ()
    watch: tuple[WatchView, ...] = ()
    health: tuple[HealthView, ...] = ()


class Desk:
    """One NOC page with its history."""

    def __init__(self, settings: Settings, acknowledge: Acknowledge) -> None:
        """Open the history and bind the port. Raises ProblemsError, OSError.

        `acknowledge(incident, name, moment)` runs in a request's thread; it raises LookupError if no such incident is open.
        """
        known = passwords.read(settings.passwords) if settings.passwords is not None else {}
        address = settings.listen[0].strip("[]"), settings.listen[1]
        check_exposure(address[0], passwords=bool(known))
        self._objectives = settings.objectives
        self.board = Board()
        self.history = opened(settings.state / "history.sqlite")
        self._kept: Mapping[str, Availability] = {}
        self._added_up = float("-inf")
        self._last: Look | None = None
        reports = {suffix: (kind, self._report(make)) for suffix, (kind, make) in REPORTS.items()}
        sources = Sources(board=self.board, guard=Guard(known), acknowledge=acknowledge, history=self.history, reports=reports)
        try:
            self._server = NocServer(address, Application(sources), _context(settings.tls))
        except BaseException:
            self.history.close()
            raise
        self.port = self._server.port

    def _report(self, make: Callable[[MonthReport], bytes]) -> Callable[[Month], bytes]:
        """Return what makes a month's report of what is watched now."""

        def made(month: Month) -> bytes:
            last = self._last
            if last is None:
                raise LookupError("nothing was looked at yet")
            until = datetime.fromtimestamp(last.observed.at, UTC)
            return make(month_report(self.history, last.topology, month, until, self._objectives))

        return made

    def start(self) -> None:
        """Begin to serve."""
        self._server.start()

    def look(self, look: Look) -> View:
        """Keep what this look says of every site, show it, and return what is shown."""
        at = datetime.fromtimestamp(look.observed.at, UTC)
        current = tuple(one for one in look.incidents if one.stage is not Stage.CLOSED)
        recent = tuple(one for one in look.incidents if one.closed is not None and look.observed.at - one.closed < _CLOSED_SECONDS)
        sites = states.sites(look.topology, look.observed, current)
        trouble = self._keep(look.topology, sites, at)
        view = assemble.view(
            assemble.Material(
                topology=look.topology,
                observed=look.observed,
                incidents=current,
                closed=recent,
                watch=look.watch,
                health=(*look.health, *trouble),
                kept=self._kept,
                objectives=self._objectives,
            ),
            sites,
        )
        self._last = look
        self.board.post(view)
        return view

    def _keep(self, topology: Topology, sites: tuple[SiteView, ...], at: datetime) -> tuple[HealthView, ...]:
        """Write the history; a full disk must not take the page away, but stands on it."""
        try:
            self.history.record(states.service_states(sites), at)
            if time.monotonic() - self._added_up >= _SLA_SECONDS:
                self._kept, self._added_up = kept(self.history, topology, at), time.monotonic()
        except sqlite3.Error as error:
            log.error("history: %s", error)  # noqa: TRY400 - its text says all
            return (HealthView(name="historique du SLA", reach=Reach.DOWN, text=f"n’est plus écrit : {error}"),)
        return ()

    def stop(self) -> None:
        """Let the browsers go, close the port and the history."""
        self.board.close()
        self._server.stop()
        self.history.close()


def kept(history: History, topology: Topology, at: datetime) -> Mapping[str, Availability]:
    """Return the availability of every site in the month of a moment, up to it."""
    period = (Month.of(at).start, at)
    return month_of_sites(history.spans(*period), history.first_seen(), (site.name for site in topology.sites), period)


def _context(tls: tuple[Path, Path] | None) -> ssl.SSLContext | None:
    if tls is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(*tls)
    return context
