"""The exporter: prober, collectors, pages and parts together, from `start` to `stop`."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from importlib import metadata
from ipaddress import IPv4Address
from pathlib import Path

from monitoring import families, maintenance, remembered, topology_file
from monitoring.blocks.links import LinkBlocks
from monitoring.blocks.onts import OntBlocks
from monitoring.blocks.optics import OpticsBlocks
from monitoring.blocks.probes import ProbeBlocks
from monitoring.book import Book
from monitoring.collectors import Collectors, Periods
from monitoring.credentials import Credential, credentials
from monitoring.exposition import Block, block
from monitoring.measures.echo_socket import EchoSocket
from monitoring.measures.otdr_folder import OtdrFolder
from monitoring.measures.prober import Pace, Prober
from monitoring.observed import MaintenanceWindow, Observed, PathState, Reach
from monitoring.parts import Part
from monitoring.schedule import Record, Schedule
from monitoring.snapshot import Pages
from monitoring.targets import REFERENCE, probe_targets
from monitoring.topology import Topology
from monitoring.watch import Watched
from monitoring.web import Answer, Request, Route, Server, metrics_route, plain

log = logging.getLogger(__name__)

PORT = 9469
_STEP_SECONDS = 1.0
_IDLE_SECONDS = 30.0  # a prober that did nothing for so long is broken
_SWITCH_SECONDS = 0.0005
_SAVE_SECONDS = 60.0
_BLIND_AFTER = 2  # silent probes of our own side: sooner than any site is called down


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says. Without `state` nothing survives a restart."""

    topology: Path
    credentials: Path | None = None
    state: Path | None = None
    listen: tuple[str, int] = ("127.0.0.1", PORT)
    references: tuple[IPv4Address, ...] = ()
    otdr: Path | None = None
    maintenance: Path | None = None
    pace: Pace = field(default_factory=Pace)
    periods: Periods = field(default_factory=Periods)


def version() -> str:
    """Return the version of the installed wheel, or that of a checkout."""
    try:
        return metadata.version("teranga-monitoring")
    except metadata.PackageNotFoundError:
        return "checkout"


def _no_credentials(_file: Path) -> Mapping[str, Credential]:
    return {}


def _no_work(_file: Path) -> tuple[MaintenanceWindow, ...]:
    return ()


class Exporter:
    """All parts together."""

    def __init__(self, options: Options, parts: Sequence[Part] = ()) -> None:
        """Read the files, open the socket and the port. Raises ProblemsError, OSError."""
        self._options = options
        self._parts = tuple(parts)
        self._topology: Watched[Topology] = Watched(options.topology, topology_file.load)
        reader = credentials if options.credentials is not None else _no_credentials
        self._credentials: Watched[Mapping[str, Credential]] = Watched(options.credentials or options.topology, reader)
        announced = maintenance.load if options.maintenance is not None else _no_work
        self._maintenance: Watched[tuple[MaintenanceWindow, ...]] = Watched(options.maintenance or options.topology, announced)
        self.book, records = (Book(), dict[tuple[str, str], Record]()) if options.state is None else remembered.load(options.state)
        self._collectors = Collectors(self.book, self._credentials.value, options.periods)
        self._schedule = Schedule(self._collectors.judge)
        self._schedule.records.update(records)
        self._otdr = OtdrFolder(options.otdr)
        self._prober = Prober(EchoSocket(), options.pace, self._path_changed)
        self.pages = Pages((self._probes(), *self._collected(), self._otdr, self._schedule, self._topology, self._build, self._of_parts))
        self._server = Server(options.listen, self._routes())
        self.port = self._server.port
        self._ended = threading.Event()
        self._asked_again = threading.Event()
        self._load()

    def _probes(self) -> ProbeBlocks:
        return ProbeBlocks(self._prober, self.blind)

    def _collected(self) -> tuple[OpticsBlocks, OntBlocks, LinkBlocks]:
        return OpticsBlocks(self.book, self.topology), OntBlocks(self.book, self.topology), LinkBlocks(self.book)

    def _routes(self) -> Mapping[str, Route]:
        routes: dict[str, Route] = {
            "/metrics": metrics_route(self.pages),
            "/-/healthy": self._healthy,
            "/-/ready": lambda _: plain("ok"),
        }
        for part in self._parts:
            routes.update(part.routes())
        return routes

    def _of_parts(self) -> Iterator[Block]:
        for part in self._parts:
            yield from part.blocks()

    def _build(self) -> Iterator[Block]:
        yield block(families.BUILD_INFO, {(version(), self._topology.value.rendered_from): 1})

    def _healthy(self, _request: Request) -> Answer:
        idle = self._prober.idle_seconds()
        return plain("ok") if idle < _IDLE_SECONDS else plain(f"prober: idle for {idle:.0f} s", HTTPStatus.SERVICE_UNAVAILABLE)

    def topology(self) -> Topology:
        """Return what is watched now."""
        return self._topology.value

    def _load(self) -> None:
        topology = self._topology.value
        self._prober.load(probe_targets(topology, self._options.references))
        self._schedule.load(self._collectors.jobs(topology))
        self.book.keep(frozenset(device.name for device in topology.devices))
        for family in families.CATALOGUE:
            family.forget_heads()  # of those that are gone, too

    def _path_changed(self, state: PathState) -> None:
        if state.reach is Reach.DOWN:
            for device, collector in self._collectors.urgent(state.site):
                self._schedule.hurry(device, collector)

    def blind(self) -> str:
        """Return why our own side cannot see, or nothing."""
        if self._prober.blind_to(REFERENCE, _BLIND_AFTER):
            return f"none of {', '.join(map(str, self._options.references))} answers"
        return ""

    def observed(self) -> Observed:
        """Return everything that is known now; where our own side cannot see, what seems down is unknown."""
        blind = self.blind()
        paths = tuple(state for state in self._prober.states() if state.path != REFERENCE)
        if blind:
            paths = tuple(replace(state, reach=Reach.UNKNOWN, reason=blind) if state.reach is Reach.DOWN else state for state in paths)
        return Observed(
            at=time.time(),
            paths=paths,
            optics=self.book.current_optics(time.time()),
            onts=tuple(self.book.onts.values()),
            devices=tuple(self.book.devices.values()),
            maintenance=self._maintenance.value,
            otdr=self._otdr.events(),
            blind=blind,
        )

    def start(self) -> None:
        """Begin to probe, to ask and to serve."""
        # The prober gives the interpreter up at every packet; whoever computes must give it back before the next one is due.
        sys.setswitchinterval(_SWITCH_SECONDS)
        self._prober.start()
        self._schedule.start()
        self._server.start()
        log.info("serving port %d, %d sites watched", self.port, len(self._topology.value.sites))

    def run(self) -> None:
        """Follow the files and step the parts until `end` is called."""
        next_save = time.monotonic() + _SAVE_SECONDS
        while not self._ended.wait(_STEP_SECONDS):
            try:
                self._follow_files()
                self._otdr.look(self._topology.value)
            except Exception:  # what is measured must go on
                log.exception("files: not followed")
            self._step_parts()
            if time.monotonic() >= next_save:
                next_save = time.monotonic() + _SAVE_SECONDS
                self._save()

    def _follow_files(self) -> None:
        forced = self._asked_again.is_set()
        self._asked_again.clear()
        self._maintenance.again(forced=forced)
        changed = [self._credentials.again(forced=forced), self._topology.again(forced=forced)]
        if any(changed):
            self._collectors.credentials = self._credentials.value
            self._load()

    def _step_parts(self) -> None:
        if not self._parts:
            return
        observed, samples = self.observed(), tuple(one for one in self._prober.samples() if one.path != REFERENCE)
        for part in self._parts:
            try:
                part.step(self._topology.value, observed, samples)
            except Exception:  # one part's fault must not stop the others, nor the measuring
                log.exception("%s: failed", type(part).__name__)

    def _save(self) -> None:
        if self._options.state is None:
            return
        try:
            remembered.save(self._options.state, self.book, self._schedule.records)
        except OSError as error:
            log.error("%s: not written: %s", self._options.state, error)  # noqa: TRY400 - its text says all

    def reload(self) -> None:
        """Have the files read anew soon, changed or not."""
        self._asked_again.set()

    def end(self) -> None:
        """Make `run` return."""
        self._ended.set()

    def stop(self) -> None:
        """Stop everything and write what must survive."""
        self._server.stop()
        self._prober.stop()
        self._schedule.stop()
        for part in self._parts:
            part.stop()
        self._save()
