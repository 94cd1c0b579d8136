"""What was seen: frozen values that collectors make and that incidents, degradation and SLA read.

Moments (`at`, `since`, `*_at`) are seconds since 1970, UTC. None means that nothing is known; a failed reading has a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reach(StrEnum):
    """Whether something answers; UNKNOWN where we could not see, which is neither up nor down."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


class Validity(StrEnum):
    """Why an optics reading can, or cannot, be believed."""

    OK = "ok"
    NO_LIGHT = "no_light"  # the device itself says loss of signal, or -Inf
    ABSENT = "absent"  # no module, no such object
    SENTINEL = "sentinel"  # a device's word for "no value"
    OUT_OF_RANGE = "out_of_range"  # no receiver reads that
    UNREADABLE = "unreadable"  # an answer that nobody understands
    UNREACHABLE = "unreachable"  # no answer
    STALE = "stale"  # older than three of its periods


class DownCause(StrEnum):
    """What a device gives as cause of an ONT's last fall."""

    DYING_GASP = "dying_gasp"
    LOS = "los"
    LOSI = "losi"
    LOFI = "lofi"
    SFI = "sfi"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class PathSample:
    """Probes of one path during one period; round-trip times in seconds, None where nothing came back."""

    site: str
    path: str
    at: float
    sent: int
    lost: int
    duplicates: int = 0
    late: int = 0
    rtt_min: float | None = None
    rtt_mean: float | None = None
    rtt_p99: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PathState:
    """Whether a site answers over one path, since when, and why nobody knows where nobody does."""

    site: str
    path: str
    reach: Reach
    since: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpticsLimits:
    """The module's own alarm and warning limits of its receiver in dBm, as far as it tells them."""

    low_alarm: float | None = None
    low_warning: float | None = None
    high_warning: float | None = None
    high_alarm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpticsReading:
    """One reading of an optical port. `rx_dbm` and `tx_dbm` are there only where `validity` is OK."""

    device: str
    port: str
    lane: int = 0
    at: float
    validity: Validity
    rx_dbm: float | None = None
    tx_dbm: float | None = None
    bias_amperes: float | None = None
    temperature_celsius: float | None = None
    voltage_volts: float | None = None
    los: bool | None = None
    limits: OpticsLimits | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OntState:
    """What an OLT says of one ONT; moments are the OLT's own, put right by its clock's difference."""

    olt: str
    pon: str
    number: int
    at: float
    reach: Reach
    validity: Validity = Validity.OK
    rx_dbm: float | None = None
    olt_rx_dbm: float | None = None
    last_up_at: float | None = None
    last_down_at: float | None = None
    last_down_cause: DownCause | None = None
    last_gasp_at: float | None = None
    distance_m: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceState:
    """Whether a device answers its collector; `poll_seconds` is how often it is asked."""

    device: str
    reach: Reach
    since: float
    poll_seconds: float = 60.0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceWindow:
    """Announced work on sites or segments, from `start` until before `end`."""

    id: str
    start: float
    end: float
    sites: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    reason: str = ""
    announced_by: str = ""

    def covers(self, moment: float) -> bool:
        """Tell whether work is announced at a moment."""
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class OtdrEvent:
    """An OTDR's end of fibre on a segment: kilometres from the segment's first end."""

    segment: str
    at: float
    km: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Detour:
    """A path that answers, but over a longer way: its minimum round trip rose by a step (seconds) without loss."""

    site: str
    path: str
    since: float
    step: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Everything known at one moment. `blind` says why the vantage itself cannot see, or is empty."""

    at: float
    paths: tuple[PathState, ...] = ()
    optics: tuple[OpticsReading, ...] = ()
    onts: tuple[OntState, ...] = ()
    devices: tuple[DeviceState, ...] = ()
    maintenance: tuple[MaintenanceWindow, ...] = ()
    otdr: tuple[OtdrEvent, ...] = ()
    detours: tuple[Detour, ...] = ()
    blind: str = ""
