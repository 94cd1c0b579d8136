"""What a verification needs of the world. The lab fulfils it with namespaces; on site, laptops and guests do."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, IPv4Network
from typing import Protocol

from provisioner.plan.plan import Reservation

Value = str | int | float
Answer = Mapping[str, object]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a probe starts: a zone's first or second vantage, or by `name` one guest or leased device in it."""

    zone: str
    name: str = ""
    index: int = 0

    def __str__(self) -> str:
        """Return it as reports write it."""
        return f"{self.zone}/{self.name}" if self.name else f"{self.zone}#{self.index + 1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WhereAbouts:
    """The address of a place, and the interface on which its probes are put as raw packets.

    `inject` is set where the place is a router whose own ruleset would stop a forbidden probe before the site sees it.
    """

    address: IPv4Address
    inject: str = ""


class Session(Protocol):
    """A probing agent that runs at a place."""

    def ask(self, do: str, **values: Value) -> Future[Answer]:
        """Send one request; the future holds the agent's answer."""


class Vantages(Protocol):
    """The places of a site that a probe can start from."""

    def session(self, place: Place) -> Session | None:
        """Return the agent at a place; None if nothing stands there. Safe from several threads."""

    def whereabouts(self, place: Place) -> WhereAbouts | None:
        """Return where a place is; None if nothing stands there."""

    def lease(self, reservation: Reservation) -> IPv4Address:
        """Let a real DHCP client with that device's hardware address ask; raise OutsideError if it gets no lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """A WireGuard peer at the gateway: what may come from it, and how long ago it last shook hands."""

    interface: str
    allowed: tuple[IPv4Network, ...]
    age: timedelta | None  # None: never


class Gateway(Protocol):
    """The gateway guest of the site under test."""

    def drops(self) -> Mapping[str, int]:
        """Return the packets of each named counter of its ruleset; raise OutsideError if they cannot be read."""

    def handshakes(self) -> tuple[Handshake, ...]:
        """Return its WireGuard peers; raise OutsideError if they cannot be read."""


class Agent(Protocol):
    """The guest agents of the site."""

    def read_file(self, guest: str, path: str) -> str:
        """Return a file inside a guest; raise OutsideError if it cannot be read."""
