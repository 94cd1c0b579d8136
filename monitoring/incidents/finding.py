"""What one look at the network finds, before it is matched with the incidents that are known."""

from __future__ import annotations

from dataclasses import dataclass

from monitoring.incidents.incident import Cause, Confidence, Evidence, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A cause, how far to believe it, and why."""

    cause: Cause
    confidence: Confidence
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One failure: what is blamed, whom it touches, when it began and when the last site fell with it."""

    kind: Kind
    title: str
    segments: tuple[str, ...] = ()
    either: bool = False
    sites: tuple[str, ...] = ()
    weakened: tuple[str, ...] = ()
    began: float
    latest: float
    verdict: Verdict
    action: str
    kilometre: float | None = None

    @property
    def key(self) -> str:
        """What tells this explanation from another one of the same sites."""
        return " ".join((self.kind, self.title, *self.segments))


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Blamed segments with the sites behind them, before a cause is given. `dark` sites have no other fibre path."""

    segments: tuple[str, ...]
    either: bool
    unique: bool
    dark: tuple[str, ...]
    weakened: tuple[str, ...]
    began: float
    latest: float

    @property
    def touched(self) -> tuple[str, ...]:
        """Every site behind the segments."""
        return tuple(sorted({*self.dark, *self.weakened}))
