"""How many requests a device bears: a token bucket; pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """So many requests per second on average, and so many at once."""

    per_second: float
    at_once: int


OLT = Allowance(per_second=1.0, at_once=10)  # ten at once: the ONTs of a whole PON can be asked when it falls
ROUTER = Allowance(per_second=20.0, at_once=40)


class Budget:
    """What is left of an allowance."""

    __slots__ = ("_allowance", "_left", "_seen")

    def __init__(self, allowance: Allowance, now: float) -> None:
        self._allowance = allowance
        self._left = float(allowance.at_once)
        self._seen = now

    def spend(self, now: float) -> float:
        """Take one request and return how many seconds to wait before it is sent."""
        allowance = self._allowance
        self._left = min(allowance.at_once, self._left + max(0.0, now - self._seen) * allowance.per_second)
        self._seen = now
        self._left -= 1
        return 0.0 if self._left >= 0 else -self._left / allowance.per_second
