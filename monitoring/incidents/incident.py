"""An incident: one cause, the sites it touches, the evidence for it, and its life."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What an incident means for the sites it names."""

    OUTAGE = "outage"  # its sites are down
    REDUNDANCY = "redundancy"  # its sites are up over what is left: the next cut isolates them
    BLIND = "blind"  # its sites are unknown: nobody can see


class Cause(StrEnum):
    """The six verdicts."""

    CUT = "cut"
    POWER = "power"
    EQUIPMENT = "equipment"
    MAINTENANCE = "maintenance"
    BLIND = "blind"
    UNDETERMINED = "undetermined"


class Confidence(StrEnum):
    """How far to believe the cause: CONFIRMED by an independent reading, LIKELY by the pattern, else OPEN."""

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    OPEN = "open"


class Stage(StrEnum):
    """Where an incident stands in its life; RECOVERING is up again, but not for long enough to be closed."""

    OPEN = "open"
    RECOVERING = "recovering"
    CLOSED = "closed"


CAUSE_FR = {
    Cause.CUT: "coupure de fibre",
    Cause.POWER: "énergie",
    Cause.EQUIPMENT: "équipement",
    Cause.MAINTENANCE: "maintenance",
    Cause.BLIND: "supervision aveugle",
    Cause.UNDETERMINED: "indéterminé",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One reason for a verdict: a French sentence, and the moment it speaks of where it has one."""

    text: str
    at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """Who took an incident in hand, and when."""

    by: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One incident at one moment. `id` never changes; `segments` are those blamed, of which one suffices if `either`.

    `either` is true where the observations cannot tell the segments apart (no site branches off between them).
    `sites` are down (or unknown, if nobody can see), `weakened` have lost one of their paths. `title` is French.
    Moments are seconds since 1970, UTC. `kilometre` counts from the first end of the first segment.
    """

    id: str
    kind: Kind
    title: str
    segments: tuple[str, ...] = ()
    either: bool = False
    sites: tuple[str, ...] = ()
    weakened: tuple[str, ...] = ()
    cause: Cause
    confidence: Confidence
    evidence: tuple[Evidence, ...]
    action: str
    opened: float
    updated: float
    stage: Stage = Stage.OPEN
    recovered: float | None = None
    closed: float | None = None
    flaps: int = 0
    kilometre: float | None = None
    acknowledged: Acknowledgement | None = None
