"""Vantages and a gateway that are network namespaces of this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Address
from types import TracebackType
from typing import Self

from provisioner import command
from provisioner.centre.verify.ports import Place, WhereAbouts
from provisioner.centre.verify.session import ProberSession
from provisioner.errors import OutsideError, Problem
from provisioner.plan.plan import Reservation

_QUICK = command.Run(timeout=timedelta(seconds=10))


def inside(namespace: str) -> tuple[str, ...]:
    """Return the words that run a program in a network namespace."""
    return ("ip", "netns", "exec", namespace)


def no_client(reservation: Reservation) -> IPv4Address:
    """Stand for a place without DHCP clients."""
    raise OutsideError(Problem(where=reservation.name, what="no DHCP client stands here"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place that is a network namespace."""

    namespace: str
    whereabouts: WhereAbouts


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceVantages:
    """Probing agents in namespaces, started when first asked for; one per namespace. A context manager."""

    spots: Mapping[Place, Spot]
    client: Callable[[Reservation], IPv4Address] = no_client
    _sessions: dict[str, ProberSession] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def session(self, place: Place) -> ProberSession | None:
        """Return the agent at a place, or None."""
        spot = self.spots.get(place)
        if spot is None:
            return None
        with self._lock:
            if spot.namespace not in self._sessions:
                self._sessions[spot.namespace] = ProberSession(inside(spot.namespace))
            return self._sessions[spot.namespace]

    def whereabouts(self, place: Place) -> WhereAbouts | None:
        """Return where a place is, or None."""
        spot = self.spots.get(place)
        return spot.whereabouts if spot else None

    def lease(self, reservation: Reservation) -> IPv4Address:
        """Let the device's DHCP client ask."""
        return self.client(reservation)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End every agent and its listeners."""
        for session in self._sessions.values():
            session.close()


def counters(text: str) -> Mapping[str, int]:
    """Return the packets of each named counter in the output of `nft -j list counters`."""
    items: Sequence[Mapping[str, Mapping[str, object]]] = json.loads(text)["nftables"]
    return {str(item["counter"]["name"]): int(str(item["counter"]["packets"])) for item in items if "counter" in item}


def drops(namespace: str) -> Mapping[str, int]:
    """Return the named counters of the ruleset in a namespace."""
    return counters(command.run([*inside(namespace), "nft", "-j", "list", "counters"], _QUICK).stdout)
