"""The page as a part of the exporter: each step becomes a look, as soon as it differs and every few seconds anyway."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Protocol

from monitoring.exposition import Block
from monitoring.incidents.incident import Incident
from monitoring.noc.desk import Desk, Look, Settings
from monitoring.noc.view import HealthView, WatchView
from monitoring.observed import Observed, PathSample
from monitoring.topology import Topology
from monitoring.web import Route

_QUIET_SECONDS = 5.0  # how often a look that changes nothing is shown all the same


class Meaning(Protocol):
    """What gives the measures a meaning; its own step comes before the page's."""

    def incidents(self) -> tuple[Incident, ...]:
        """Return the open incidents and those closed of late."""

    def acknowledge(self, incident: str, by: str, at: float) -> None:
        """Let a person take an incident in hand, durably. Raises LookupError if no such incident is open."""

    def watch(self) -> tuple[WatchView, ...]:
        """Return what works but not for long."""

    def health(self) -> tuple[HealthView, ...]:
        """Return what is to be said of the monitoring itself, beside the devices that do not answer."""


class NocPart:
    """Shows what the exporter sees; serves on a port of its own, because what is scraped has no password."""

    def __init__(self, settings: Settings, meaning: Meaning) -> None:
        """Open the history, bind the port and begin to serve. Raises ProblemsError, OSError."""
        self._meaning = meaning
        self._desk = Desk(settings, meaning.acknowledge)
        self._last: Look | None = None
        self._shown = float("-inf")
        self.board = self._desk.board
        self.port = self._desk.port
        self._desk.start()

    def step(self, topology: Topology, observed: Observed, samples: tuple[PathSample, ...]) -> None:  # noqa: ARG002, a part's form
        """Show the present if it differs from what is shown, or if that is a few seconds old."""
        meaning = self._meaning
        look = Look(topology=topology, observed=observed, incidents=meaning.incidents(), watch=meaning.watch(), health=meaning.health())
        if self._last is not None and not _differs(self._last, look) and time.monotonic() - self._shown < _QUIET_SECONDS:
            return
        self._desk.look(look)
        self._last, self._shown = look, time.monotonic()

    def blocks(self) -> Iterable[Block]:
        """Return no samples: the page measures nothing."""
        return ()

    def routes(self) -> Mapping[str, Route]:
        """Return no pages for the exporter's own port."""
        return {}

    def stop(self) -> None:
        """Let the browsers go and close the history."""
        self._desk.stop()


def _differs(one: Look, other: Look) -> bool:
    """Tell whether a look shows something that another does not; readings of light alone show nothing new."""
    before, now = one.observed, other.observed
    return (
        one.topology is not other.topology
        or one.incidents != other.incidents
        or one.watch != other.watch
        or one.health != other.health
        or (before.blind, before.paths, before.maintenance, before.devices) != (now.blind, now.paths, now.maintenance, now.devices)
    )
