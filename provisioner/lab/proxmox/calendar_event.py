"""Calendar events of backup jobs: `02:30`, `mon..fri 22:00`, `*/30`, `*-*-1 3:15`, `daily` (systemd.time(7), the part Proxmox takes)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMED = {
    "minutely": "*:*",
    "hourly": "*:00",
    "daily": "00:00",
    "weekly": "mon 00:00",
    "monthly": "*-*-1 00:00",
    "quarterly": "*-1,4,7,10-1 00:00",
    "semiannually": "*-1,7-1 00:00",
    "semi-annually": "*-1,7-1 00:00",
    "yearly": "*-1-1 00:00",
    "annually": "*-1-1 00:00",
}
_HORIZON_DAYS = 366 * 5
_Values = frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEvent:
    """When something happens: each set names what may be, in UTC."""

    weekdays: _Values
    years: _Values | None
    months: _Values
    days: _Values
    hours: _Values
    minutes: _Values

    def next(self, after: datetime) -> datetime | None:
        """Return the first time later than `after`; None if there is none within five years."""
        first = (after + timedelta(minutes=1)).replace(second=0, microsecond=0)
        for offset in range(_HORIZON_DAYS):
            day = first.date() + timedelta(days=offset)
            if day.weekday() not in self.weekdays or day.month not in self.months or day.day not in self.days:
                continue
            if self.years is not None and day.year not in self.years:
                continue
            for hour in sorted(self.hours):
                for minute in sorted(self.minutes):
                    found = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
                    if found >= first:
                        return found
        return None


def _span(part: str, low: int, high: int) -> _Values:
    body, _, step = part.partition("/")
    first, dots, last = body.partition("..")
    start = low if first == "*" else int(first)
    end = int(last) if dots else (high if step or first == "*" else start)
    if not low <= start <= high or not low <= end <= high or start > end:
        raise ValueError(part)
    return frozenset(range(start, end + 1, int(step) if step else 1))


def _set(text: str, low: int, high: int) -> _Values:
    return frozenset().union(*(_span(part, low, high) for part in text.split(",")))


def _weekdays(text: str) -> _Values:
    found: set[int] = set()
    for part in text.lower().split(","):
        first, dots, last = part.partition("..")
        start = _DAYS.index(first[:3])
        end = _DAYS.index(last[:3]) if dots else start
        found |= set(range(start, end + 1)) if start <= end else {*range(start, len(_DAYS)), *range(end + 1)}
    return frozenset(found)


def parse(text: str) -> CalendarEvent:
    """Return the event that a text names; raise ValueError if it names none."""
    words = _NAMED.get(text.strip().lower(), text.strip()).split()
    weekdays, date, time = frozenset(range(7)), "*-*-*", ""
    if words and words[0][:1].isalpha():
        weekdays = _weekdays(words.pop(0))
    if words and "-" in words[0]:
        date = words.pop(0)
    time = words.pop(0) if words else "00:00"
    if words:
        raise ValueError(text)
    hours, colon, minutes = time.partition(":")
    if not colon:
        hours, minutes = "*", time
    seconds = minutes.partition(":")[2]
    if seconds not in ("", "0", "00"):
        raise ValueError("seconds other than 0 are not taken")
    year, month, day = date.split("-") if date.count("-") == 2 else ("*", *date.split("-"))  # noqa: PLR2004  year-month-day
    return CalendarEvent(
        weekdays=weekdays,
        years=None if year == "*" else _set(year, 1970, 2200),
        months=_set(month, 1, 12),
        days=_set(day, 1, 31),
        hours=_set(hours, 0, 23),
        minutes=_set(minutes.partition(":")[0], 0, 59),
    )
