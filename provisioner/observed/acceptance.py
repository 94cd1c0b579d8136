"""What `verify` saw: one result per acceptance check, and who was looked at. Holds no secret and no text in any language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Outcome(StrEnum):
    """How an acceptance check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_TESTED = "not-tested"


class Reason(StrEnum):
    """Why it ended so; `render.acceptance_words` puts it in words."""

    ANSWERED = "answered"
    DROPPED = "dropped"  # silent, and the gateway's drop counter rose
    LEASED = "leased"
    RESOLVED = "resolved"
    READ_BACK = "read-back"
    TUNNEL_UP = "tunnel-up"
    ONLY_KNOWN_PORTS = "only-known-ports"

    SILENT = "silent"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    STRANGER = "stranger"  # something answered that is not our listener
    LET_THROUGH = "let-through"
    COUNTER_STILL = "counter-still"  # silent, but no drop was counted
    COUNTER_UNREAD = "counter-unread"
    LISTENER_DEAD = "listener-dead"  # not reached from its own zone
    NO_LEASE = "no-lease"
    WRONG_ADDRESS = "wrong-address"
    WRONG_RECORD = "wrong-record"
    UNTRUSTED = "untrusted"
    WRONG_ANSWER = "wrong-answer"
    NOT_READ_BACK = "not-read-back"
    NO_HANDSHAKE = "no-handshake"
    UNKNOWN_PORTS = "unknown-ports"
    UNREADABLE = "unreadable"
    PROBE_FAILED = "probe-failed"

    NO_VANTAGE = "no-vantage"
    NO_CLIENT = "no-client"  # no client is known for this protocol
    NO_ROUTE_BY_DESIGN = "no-route-by-design"
    NOT_ASKED = "not-asked"


class Limit(StrEnum):
    """What a whole run cannot show, whatever its checks say."""

    LAB = "lab"  # namespaces and containers stand for cables and virtual machines
    SELECTION = "selection"  # only some checks were asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one check showed. `seen` is facts only: addresses, numbers, ports, an error's own text."""

    check: str  # id
    outcome: Outcome
    reason: Reason
    seen: str = ""
    milliseconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenGuest:
    """A guest as the API showed it during the run."""

    name: str
    vmid: int
    uuid: UUID | None
    running: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """One run of `verify`: what was looked at, when, and what came out, sorted by check."""

    site: str
    plan_hash: str
    node: str
    image_sha256: str
    started: datetime  # UTC
    seconds: float
    guests: tuple[SeenGuest, ...]
    versions: Mapping[str, str]
    results: tuple[Result, ...]
    limits: tuple[Limit, ...] = ()

    @property
    def failed(self) -> tuple[Result, ...]:
        """Return the findings."""
        return tuple(result for result in self.results if result.outcome is Outcome.FAILED)

    def count(self, outcome: Outcome) -> int:
        """Return how many checks ended so."""
        return sum(1 for result in self.results if result.outcome is outcome)
