"""The prober: every target once per interval, evenly over time, from one socket and one thread."""

from __future__ import annotations

import hashlib
import logging
import os
import select
import threading
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address

from monitoring.measures.echo_socket import EchoSocket
from monitoring.measures.icmp import Echo
from monitoring.measures.paths import path_samples, path_states
from monitoring.measures.track import Counts, Track
from monitoring.observed import PathSample, PathState

log = logging.getLogger(__name__)

_SECOND = 1_000_000_000
_STEP = 20_000_000  # ns: the realtime clock is slewed by less than that between two ticks
_EVENTS = 4
_AFTER_FAILURE = 0.5  # seconds; no faster do we fill a log
_MOST_LATE = 250_000_000  # ns


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeTarget:
    """One address to probe: the path of a site that it stands for. `behind` is a host behind the site's router."""

    site: str
    path: str
    address: IPv4Address
    behind: bool = False

    @property
    def label(self) -> str:
        """Return what the metrics call this target's path."""
        return f"{self.path}/behind" if self.behind else self.path

    @property
    def key(self) -> str:
        """Return what tells this target from all others; its hash says when in the interval it is probed."""
        return f"{self.site} {self.label} {self.address}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often, how long to wait, how finely to spread: all in seconds."""

    interval: float = 1.0
    timeout: float = 2.0
    tick: float = 0.005  # receive times are the kernel's, so a tick costs no accuracy, and saves a wake-up per packet
    period: float = 60.0


class _Probed:
    """A target while it is probed."""

    __slots__ = ("address", "echo", "packed", "state", "target", "track")

    def __init__(self, target: ProbeTarget, echo: Echo, now: float) -> None:
        self.target = target
        self.echo = echo
        self.track = Track(now)
        self.state = _state(target, self.track)
        self.address = (str(target.address), 0)
        self.packed = target.address.packed


def phase(key: str, interval_ns: int) -> int:
    """Return when in the interval a target is probed: by its hash, so that others' coming and going moves nothing."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest()) * interval_ns >> 64


class Prober:
    """Probes until it is stopped. `load` may be called at any time: targets that stay keep their counts."""

    def __init__(self, socket: EchoSocket, pace: Pace = Pace(), changed: Callable[[PathState], None] = lambda _: None) -> None:
        self._socket = socket
        self._pace = pace
        self._changed = changed
        self._interval, self._timeout = int(pace.interval * _SECOND), int(pace.timeout * _SECOND)
        self._by_index: dict[int, _Probed] = {}
        self._order: list[tuple[int, int, _Probed]] = []  # phase, index, target
        self._under_way: deque[tuple[int, _Probed, int]] = deque()  # when it expires (monotonic ns), whose, which
        self._wanted: tuple[ProbeTarget, ...] | None = None
        self._last_index = 0
        self._cycle_start, self._next = 0, 0
        self._reached = 0  # ns into the interval: everybody up to there was probed
        self._clocks = 0
        self._period_ends = time.monotonic() + pace.period
        self._samples: tuple[PathSample, ...] = ()
        self._stop = threading.Event()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK)
        self._thread = threading.Thread(target=self._run, name="prober", daemon=True)
        self.stalls = 0
        self._last_tick = time.monotonic()

    def start(self) -> None:
        """Begin to probe in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, wait for the thread, close the socket."""
        self._stop.set()
        os.eventfd_write(self._wake, 1)
        if self._thread.is_alive():
            self._thread.join()
        os.close(self._wake)
        self._socket.close()

    def load(self, targets: Iterable[ProbeTarget]) -> None:
        """Probe these from the next tick on."""
        self._wanted = tuple(targets)

    def counts(self) -> list[tuple[ProbeTarget, Counts]]:
        """Return every target's counters."""
        return [(probed.target, probed.track.counts()) for _, _, probed in self._order]

    def blind_to(self, path: str, probes: int) -> bool:
        """Tell whether there are targets with this path and none answered, or could be sent, any of its last probes."""
        tracks = [probed.track for _, _, probed in self._order if probed.target.path == path]
        return bool(tracks) and all(track.blocked or track.silent > probes for track in tracks)

    def states(self) -> tuple[PathState, ...]:
        """Return whether each path answers: it does if either of its hosts does."""
        return path_states(probed.state for _, _, probed in self._order)

    def samples(self) -> tuple[PathSample, ...]:
        """Return the last whole period of each path: of its two hosts the one that lost less."""
        return path_samples(self._samples)

    def idle_seconds(self) -> float:
        """Return how long ago the prober last did all it had to do."""
        return time.monotonic() - self._last_tick

    def dropped(self) -> int:
        """Return how many replies the kernel dropped before we read them."""
        return self._socket.dropped()

    def _run(self) -> None:
        with select.epoll() as poll:
            poll.register(self._wake, select.EPOLLIN)
            self._clocks = time.time_ns() - time.monotonic_ns()
            self._cycle_start = time.monotonic_ns()
            while not self._stop.is_set():
                poll.poll(self._pace.tick, _EVENTS)
                try:
                    self._tick()
                    self._last_tick = time.monotonic()
                except Exception:  # whatever it was, the others are still to be probed
                    log.exception("prober: a tick failed")
                    self._stop.wait(_AFTER_FAILURE)

    def _tick(self) -> None:
        if self._wanted is not None:
            self._take(self._wanted)
        now = time.monotonic_ns()  # before the socket is read: what arrived by now is not lost
        self._watch_clock()
        self._receive()
        self._expire(now)
        self._send(now)
        if now / _SECOND >= self._period_ends:
            self._close_period(now / _SECOND)

    def _take(self, wanted: tuple[ProbeTarget, ...]) -> None:
        self._wanted = None
        known = {probed.target.key: (index, probed) for index, probed in self._by_index.items()}
        order = []
        for target in wanted:
            index, probed = known.get(target.key) or self._new(target)
            order.append((phase(target.key, self._interval), index, probed))
        order.sort(key=lambda entry: entry[:2])
        self._by_index = {index: probed for _, index, probed in order}
        self._order = order
        # Go on from where the last tick came to, so that nobody is probed twice or left out.
        self._next = bisect_right(order, self._reached, key=lambda entry: entry[0])

    def _new(self, target: ProbeTarget) -> tuple[int, _Probed]:
        self._last_index += 1
        echo = Echo(identifier=self._socket.identifier, key=self._socket.key, index=self._last_index)
        return self._last_index, _Probed(target, echo, time.time())

    def _watch_clock(self) -> None:
        before, real, after = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
        if after - before > _STEP // 4:  # interrupted between the clocks: they cannot be compared
            return
        clocks = real - before
        step, self._clocks = clocks - self._clocks, clocks
        if abs(step) > _STEP:
            log.warning("clock: stepped by %.3f s; round-trip times under way are put right", step / _SECOND)
            for probed in self._by_index.values():
                probed.track.clock_stepped(step)

    def _receive(self) -> None:
        by_index, timeout = self._by_index, self._timeout
        for reply, received in self._socket.replies():
            probed = by_index.get(reply.target)
            if probed is not None and probed.packed == reply.source:
                probed.track.answered(reply.sequence, received, timeout)

    def _expire(self, now: int) -> None:
        under_way = self._under_way
        while under_way and under_way[0][0] <= now:
            _, probed, number = under_way.popleft()
            probed.track.expired(number)

    def _send(self, now: int) -> None:
        if now - self._cycle_start - self._reached > _MOST_LATE:
            self._skip(now)
        while True:
            elapsed = now - self._cycle_start
            while self._next < len(self._order) and self._order[self._next][0] <= elapsed:
                self._probe(self._order[self._next][2], now)
                self._next += 1
            if elapsed < self._interval:
                self._reached = elapsed
                return
            self._cycle_start, self._next, self._reached = self._cycle_start + self._interval, 0, 0

    def _skip(self, now: int) -> None:
        """Leave out whom we were kept from probing: a burst would be lost by others, and tells nothing more."""
        self.stalls += 1
        self._cycle_start += (now - self._cycle_start) // self._interval * self._interval
        self._reached = now - self._cycle_start
        self._next = bisect_right(self._order, self._reached, key=lambda entry: entry[0])

    def _probe(self, probed: _Probed, now: int) -> None:
        track = probed.track
        sent = time.time_ns()
        number = track.sending(sent)
        try:
            self._socket.send(probed.echo.numbered(number & 0xFFFF), probed.address)
        except OSError as error:
            log.debug("%s: not sent: %s", probed.target.key, error)
            if track.not_sent(sent / _SECOND):
                self._tell(probed)
            return
        self._under_way.append((now + self._timeout, probed, number))
        if track.judge(sent / _SECOND):
            self._tell(probed)

    def _tell(self, probed: _Probed) -> None:
        probed.state = _state(probed.target, probed.track)
        self._changed(probed.state)

    def _close_period(self, now: float) -> None:
        self._period_ends = now + self._pace.period
        moment = time.time()
        self._samples = tuple(probed.track.close_period(probed.target.site, probed.target.path, moment) for _, _, probed in self._order)


def _state(target: ProbeTarget, track: Track) -> PathState:
    reason = "the probe could not be sent" if track.blocked else ""
    return PathState(site=target.site, path=target.path, reach=track.reach, since=track.since, reason=reason)
