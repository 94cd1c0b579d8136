"""What a level usually is: medians by hour and by day, a few numbers per port instead of every reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

HOUR, DAY = 3600.0, 86400.0
LAG = 3 * HOUR  # the last hours do not count yet: a slow step must not become its own baseline
_KEPT_DAYS = 30
_FIRST_DAYS = 3
_LEAST_HOURS = 6
_DAY_HOURS = 18  # a day of fewer hours tells more of its swing than of its level


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The readings of this hour, medians of the last 27 hours, medians of the last 30 days; (start, median), oldest first.

    `first` is the level of the first three days, against which a laser ages.
    """

    hour: float = 0.0
    now: tuple[float, ...] = ()
    hours: tuple[tuple[float, float], ...] = ()
    days: tuple[tuple[float, float], ...] = ()
    first: float | None = None

    def level(self, at: float) -> float | None:
        """Return the median of the day that ended three hours ago; None before there is enough of it."""
        found = [value for start, value in self.hours if at - LAG - DAY <= start < at - LAG]
        return median(found) if len(found) >= _LEAST_HOURS else None


def noted(before: Baseline, at: float, value: float) -> Baseline:
    """Return the baseline after one more reading. Readings come in order of time."""
    hour = at - at % HOUR
    if hour == before.hour:
        return replace(before, now=(*before.now, value))
    if not before.now:
        return replace(before, hour=hour, now=(value,))
    every = (*before.hours, (before.hour, median(before.now)))
    after = replace(before, hour=hour, now=(value,), hours=tuple(one for one in every if one[0] >= hour - LAG - DAY - HOUR))
    return _day_closed(after, before.hour - before.hour % DAY, every) if hour % DAY < before.hour % DAY else after


def _day_closed(baseline: Baseline, day: float, hours: Sequence[tuple[float, float]]) -> Baseline:
    of_day = [value for start, value in hours if day <= start < day + DAY]
    if len(of_day) < _DAY_HOURS:
        return baseline
    days = (*baseline.days, (day, median(of_day)))[-_KEPT_DAYS:]
    young = baseline.first is None and len(days) >= _FIRST_DAYS
    return replace(baseline, days=days, first=median(level for _, level in days[:_FIRST_DAYS]) if young else baseline.first)


def slope(days: Sequence[tuple[float, float]]) -> float | None:
    """Return the change per day: the median of all pairs' slopes (Theil and Sen), which one odd day does not move."""
    if len(days) < 5:  # noqa: PLR2004 - fewer days are weather
        return None
    pairs = [(later[1] - earlier[1]) / ((later[0] - earlier[0]) / DAY) for n, earlier in enumerate(days) for later in days[n + 1 :]]
    return median(pairs)
