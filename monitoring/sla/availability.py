"""Availability of a month: A = 1 - D_unplanned / (T - T_maintenance), with what is unknown said beside it, never in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from monitoring.sla.history import ServiceState, Span

_ZERO = timedelta(0)
_DECEMBER = 12


class Verdict(StrEnum):
    """Whether the objective was kept; with too much unknown nobody can tell."""

    KEPT = "kept"
    MISSED = "missed"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Month:
    """One calendar month; Senegal keeps UTC all year."""

    year: int
    number: int

    def __str__(self) -> str:
        """Return `2026-11`."""
        return f"{self.year:04d}-{self.number:02d}"

    @property
    def start(self) -> datetime:
        """The first moment."""
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first moment of the next month."""
        if self.number == _DECEMBER:
            return datetime(self.year + 1, 1, 1, tzinfo=UTC)
        return datetime(self.year, self.number + 1, 1, tzinfo=UTC)

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read `2026-11`; ValueError if it is no month."""
        moment = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
        return cls(year=moment.year, number=moment.month)

    @classmethod
    def of(cls, moment: datetime) -> Month:
        """Return the month a moment lies in."""
        utc = moment.astimezone(UTC)
        return cls(year=utc.year, number=utc.month)


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """How long a site, or several added up, was in each state, and what follows."""

    up: timedelta = _ZERO
    down: timedelta = _ZERO
    maintenance: timedelta = _ZERO
    unknown: timedelta = _ZERO
    outages: int = 0
    longest: timedelta = _ZERO

    @property
    def watched(self) -> timedelta:
        """T: all the time the site was to be watched."""
        return self.up + self.down + self.maintenance + self.unknown

    @property
    def share(self) -> float | None:
        """A, from 0 to 1; None where no moment was measured."""
        return None if self.up + self.down == _ZERO else 1 - self.down / (self.watched - self.maintenance)

    @property
    def worst(self) -> float | None:
        """What A would be had all the unknown time been an outage; None where T is nothing but maintenance."""
        due = self.watched - self.maintenance
        return None if due == _ZERO else 1 - (self.down + self.unknown) / due

    def verdict(self, objective: float) -> Verdict:
        """Compare with an objective from 0 to 1: missed whatever the unknown hides, kept whatever it hides, or open."""
        if self.share is None or self.worst is None:
            return Verdict.OPEN
        if self.share < objective:
            return Verdict.MISSED
        return Verdict.KEPT if self.worst >= objective else Verdict.OPEN

    def __add__(self, other: Availability) -> Availability:
        """Add site to site; the longest outage stays the longest of one site."""
        return Availability(
            up=self.up + other.up,
            down=self.down + other.down,
            maintenance=self.maintenance + other.maintenance,
            unknown=self.unknown + other.unknown,
            outages=self.outages + other.outages,
            longest=max(self.longest, other.longest),
        )


def availability(spans: Sequence[Span], start: datetime, end: datetime) -> Availability:
    """Add one site's spans up; what no span covers between start and end is unknown."""
    lasted = dict.fromkeys(ServiceState, _ZERO)
    outages = list(_outages(spans))
    for span in spans:
        lasted[span.state] += span.end - span.start
    covered = sum(lasted.values(), _ZERO)
    return Availability(
        up=lasted[ServiceState.UP],
        down=lasted[ServiceState.DOWN],
        maintenance=lasted[ServiceState.MAINTENANCE],
        unknown=lasted[ServiceState.UNKNOWN] + max(_ZERO, end - start - covered),
        outages=len(outages),
        longest=max(outages, default=_ZERO),
    )


def _outages(spans: Sequence[Span]) -> Iterable[timedelta]:
    """Return how long each outage lasted; two spans that touch are one."""
    found: list[tuple[datetime, datetime]] = []
    for span in spans:
        if span.state is not ServiceState.DOWN:
            continue
        if found and found[-1][1] == span.start:
            found[-1] = (found[-1][0], span.end)
        else:
            found.append((span.start, span.end))
    return [end - start for start, end in found]


def month_of_sites(
    spans: Iterable[Span], first_seen: Mapping[str, datetime], sites: Iterable[str], period: tuple[datetime, datetime]
) -> Mapping[str, Availability]:
    """Return each site's availability; a site counts from the day it was first watched."""
    by_site: dict[str, list[Span]] = {site: [] for site in sites}
    for span in spans:
        if span.site in by_site:
            by_site[span.site].append(span)
    start, end = period
    return {site: availability(own, min(end, max(start, first_seen.get(site, end))), end) for site, own in by_site.items()}
