"""A path that answers over a longer way: the least round-trip time rose by a step, without loss.

10 us a kilometre and round trip: 0.3 ms are 30 km of other route, more than any queue adds to a minimum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median

from monitoring.observed import Detour, PathSample

STEP_SECONDS = 0.0003
_REMEMBERED = 20  # periods that make the usual minimum
_LEAST = 5
_SUSTAINED = 3  # periods in a row
_LOSS = 0.02
_ACCEPTED_AFTER = 7 * 86400.0  # a protection that stays switched for a week is the new way


@dataclass(frozen=True, slots=True, kw_only=True)
class WayMemory:
    """What is remembered of one path: its latest minima (seconds), and since when and how much it is longer."""

    at: float = 0.0
    minima: tuple[float, ...] = ()
    longer: int = 0
    usual: float = 0.0
    since: float | None = None
    step: float = 0.0


def passed(before: WayMemory, sample: PathSample) -> WayMemory:
    """Return the memory after one period of probes; one with loss or without an answer says nothing of the way."""
    least = sample.rtt_min
    if sample.at <= before.at or least is None or sample.lost > _LOSS * sample.sent:
        return before
    usual = before.usual if before.longer else _usual(before)
    if usual is None:
        return replace(before, at=sample.at, minima=(*before.minima, least))
    if least - usual < (STEP_SECONDS / 2 if before.since is not None else STEP_SECONDS):
        return WayMemory(at=sample.at, minima=(*before.minima, least)[-_REMEMBERED:])
    longer = before.longer + 1
    since = before.since
    if since is None and longer >= _SUSTAINED:
        since = sample.at
    if since is not None and sample.at - since >= _ACCEPTED_AFTER:
        return WayMemory(at=sample.at, minima=(least,) * _LEAST)
    return replace(before, at=sample.at, longer=longer, usual=usual, since=since, step=least - usual)


def _usual(memory: WayMemory) -> float | None:
    return median(memory.minima) if len(memory.minima) >= _LEAST else None


def detour(site: str, path: str, memory: WayMemory) -> Detour | None:
    """Return the detour that a path takes, if it takes one."""
    if memory.since is None:
        return None
    return Detour(site=site, path=path, since=memory.since, step=memory.step)
