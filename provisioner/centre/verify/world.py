"""One run's view of the world: the plan, its places, and the listeners opened so far."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import TypeVar

from provisioner.centre.verify.ports import Agent, Answer, Gateway, Place, Session, Value, Vantages
from provisioner.errors import TerangaError
from provisioner.observed.acceptance import Outcome, Reason, Result
from provisioner.plan.plan import Check, Plan, Protocol

_T = TypeVar("_T")
_PATIENCE = 30.0  # seconds; every probe has its own, shorter time-out
_PASS_SECONDS = 1.5  # one lost SYN is sent again after 1 s (RFC 6298)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A listener at a place; `error` says why it could not be opened."""

    place: Place
    address: IPv4Address
    protocol: Protocol
    port: int
    key: str
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything a check may use. Thread-safe."""

    plan: Plan
    vantages: Vantages
    gateway: Gateway
    agent: Agent
    ca: str  # the site's certificate authority, PEM
    leases: dict[str, IPv4Address] = field(default_factory=dict)
    _listeners: dict[tuple[Place, Protocol, int], Future[Listener]] = field(default_factory=dict)
    _reached: dict[tuple[Place, Protocol, int | None], Future[str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def address(self, check: Check) -> IPv4Address | None:
        """Return the target's address: the plan's, or else that of the zone's first vantage."""
        if check.address is not None:
            return check.address
        found = self.vantages.whereabouts(Place(check.target.zone))
        return found.address if found else None

    def listener(self, place: Place, protocol: Protocol, port: int) -> Listener | None:
        """Return the one listener of a place and port, opened now if it is not; None without a vantage."""
        where, session = self.vantages.whereabouts(place), self.vantages.session(place)
        if where is None or session is None:
            return None
        with self._lock:
            known = self._listeners.get((place, protocol, port))
            future: Future[Listener] = known or Future()
            self._listeners[place, protocol, port] = future
        if known is None:
            wanted = Listener(place=place, address=where.address, protocol=protocol, port=port, key=secrets.token_hex(8))
            _settle(future, lambda: _open(session, wanted))
        return future.result(_PATIENCE)

    def reached(self, place: Place, protocol: Protocol, port: int | None, key: str) -> str:
        """Return "" if a listener (or, for ICMP, the place itself) answers the zone's second vantage, else why not."""
        with self._lock:
            known = self._reached.get((place, protocol, port))
            future: Future[str] = known or Future()
            self._reached[place, protocol, port] = future
        if known is None:
            _settle(future, lambda: self._try_to_reach(place, protocol, port, key))
        return future.result(_PATIENCE)

    def _try_to_reach(self, place: Place, protocol: Protocol, port: int | None, key: str) -> str:
        second = Place(place.zone, place.name, 1)
        where, session = self.vantages.whereabouts(place), self.vantages.session(second)
        if where is None or session is None:
            return f"{second}: no second vantage"
        answer = probe(session, protocol, where.address, port, key)
        return "" if answer["outcome"] == "answered" else f"{second} -> {where.address}: {told(answer)}"


def _settle(future: Future[_T], work: Callable[[], _T]) -> None:
    """Do the work and settle the future with its value or its error: whoever waits learns either."""
    try:
        future.set_result(work())
    except (TerangaError, TimeoutError) as error:
        future.set_exception(error)


def _open(session: Session, wanted: Listener) -> Listener:
    answer = session.ask("listen", protocol=wanted.protocol.value, address=str(wanted.address), port=wanted.port, key=wanted.key).result(
        _PATIENCE
    )
    if answer["outcome"] == "answered":
        return wanted
    return Listener(
        place=wanted.place, address=wanted.address, protocol=wanted.protocol, port=wanted.port, key=wanted.key, error=told(answer)
    )


def told(answer: Answer) -> str:
    """Return an agent's answer as facts: its outcome and its detail."""
    return " ".join(filter(None, (str(answer["outcome"]), str(answer.get("detail", "")))))


def probe(session: Session, protocol: Protocol, address: IPv4Address, port: int | None, key: str = "") -> Answer:
    """Send one probe that ought to pass, with a second try where a packet may be lost."""
    values: dict[str, Value] = {"address": str(address), "timeout": _PASS_SECONDS, "tries": 2}
    match protocol:
        case Protocol.ICMP:
            return session.ask("icmp", **values).result(_PATIENCE)
        case Protocol.TCP:
            return session.ask("tcp", **values, port=port or 0, key=key).result(_PATIENCE)
        case Protocol.UDP:
            return session.ask("udp", **values, port=port or 0, key=key).result(_PATIENCE)


_REASONS: Mapping[str, Reason] = {
    "answered": Reason.ANSWERED,
    "silent": Reason.SILENT,
    "refused": Reason.REFUSED,
    "unreachable": Reason.UNREACHABLE,
    "stranger": Reason.STRANGER,
    "untrusted": Reason.UNTRUSTED,
    "error": Reason.PROBE_FAILED,
}


def judged(check: Check, answer: Answer, seen: str = "") -> Result:
    """Return the result of a probe that ought to be answered."""
    reason = _REASONS[str(answer["outcome"])]
    outcome = Outcome.PASSED if reason is Reason.ANSWERED else Outcome.FAILED
    facts = " ".join(filter(None, (seen, str(answer.get("detail", "")))))
    return Result(check=check.id, outcome=outcome, reason=reason, seen=facts, milliseconds=float(str(answer.get("ms", 0.0))))


def place_of(vantage: str) -> Place:
    """Return the place that a check's vantage names."""
    zone, _, name = vantage.partition("/")
    return Place(zone, name)


def untested(check: Check, reason: Reason, seen: str = "") -> Result:
    """Return that a check was not made, and why."""
    return Result(check=check.id, outcome=Outcome.NOT_TESTED, reason=reason, seen=seen)


def finding(check: Check, reason: Reason, seen: str = "") -> Result:
    """Return a finding."""
    return Result(check=check.id, outcome=Outcome.FAILED, reason=reason, seen=seen)


def passed(check: Check, reason: Reason, seen: str = "") -> Result:
    """Return that a check passed."""
    return Result(check=check.id, outcome=Outcome.PASSED, reason=reason, seen=seen)
