"""Interface counters that only ever rise, though devices wrap, reboot and renumber; pure."""

from __future__ import annotations

from dataclasses import dataclass

from monitoring.measures.optics.light import Values, whole

_TICKS_WRAP = 1 << 32  # sysUpTime, in hundredths of a second: 497 days
_TICKS_SLACK = 6000  # a minute between two readings of one clock
_IF, _IFX = "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1"
UPTIME = "1.3.6.1.2.1.1.3.0"
COLUMNS = {
    "name": f"{_IFX}.1",
    "status": f"{_IF}.8",
    "in": f"{_IFX}.6",
    "out": f"{_IFX}.10",
    "in_errors": f"{_IF}.14",
    "out_errors": f"{_IF}.20",
    "speed": f"{_IFX}.15",
    "discontinuity": f"{_IFX}.19",
}
NARROW = {"in": f"{_IF}.10", "out": f"{_IF}.16"}  # where an old agent has no wide ones
_WIDE_BITS, _NARROW_BITS = 64, 32
_MEGABIT_BYTES = 125_000
_UP, _DOWN = 1, frozenset({2, 7})  # ifOperStatus: up; down, lowerLayerDown


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One counter: what the device said last, and the sum that we tell."""

    raw: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkReading:
    """One interface at one moment; totals never fall."""

    device: str
    port: str
    at: float
    uptime: int
    discontinuity: int
    received: Tally | None
    sent: Tally | None
    in_errors: Tally | None
    out_errors: Tally | None
    up: bool | None
    bytes_per_second: float | None


def rebooted(before: int, now: int, elapsed: float) -> bool:
    """Tell whether sysUpTime began anew between two readings `elapsed` seconds apart; its own wrap is none."""
    if now >= before:
        return False
    expected = before + elapsed * 100
    return abs(expected - (now + _TICKS_WRAP)) > _TICKS_SLACK


def advance(before: Tally | None, raw: int | None, *, bits: int, anew: bool) -> Tally | None:
    """Return the next tally: a wrap of 32 bits counts on, a counter that began anew adds what it has."""
    if raw is None:
        return before
    if before is None:
        return Tally(raw=raw, total=raw)
    if anew:
        return Tally(raw=raw, total=before.total + raw)
    if raw >= before.raw:
        return Tally(raw=raw, total=before.total + raw - before.raw)
    if bits == _NARROW_BITS:
        return Tally(raw=raw, total=before.total + raw + (1 << _NARROW_BITS) - before.raw)
    return Tally(raw=raw, total=before.total + raw)  # 64 bits do not wrap in a lifetime: it began anew and did not say so


def link_reading(*, device: str, port: str, at: float, values: Values, before: LinkReading | None) -> LinkReading | None:
    """Return the next reading of an interface from its columns and sysUpTime; None where the agent has no such row."""
    uptime = whole(values.get("uptime"))
    if uptime is None or whole(values.get("status")) is None:
        return None
    discontinuity = whole(values.get("discontinuity")) or 0
    anew = before is not None and (rebooted(before.uptime, uptime, at - before.at) or discontinuity != before.discontinuity)
    wide = whole(values.get("in")) is not None

    def octets(name: str, tally: Tally | None) -> Tally | None:
        raw = whole(values.get(name if wide else f"narrow_{name}"))
        return advance(tally, raw, bits=_WIDE_BITS if wide else _NARROW_BITS, anew=anew)

    def errors(name: str, tally: Tally | None) -> Tally | None:
        return advance(tally, whole(values.get(name)), bits=_NARROW_BITS, anew=anew)

    return LinkReading(
        device=device,
        port=port,
        at=at,
        uptime=uptime,
        discontinuity=discontinuity,
        received=octets("in", before.received if before else None),
        sent=octets("out", before.sent if before else None),
        in_errors=errors("in_errors", before.in_errors if before else None),
        out_errors=errors("out_errors", before.out_errors if before else None),
        up=_up(whole(values.get("status"))),
        bytes_per_second=_speed(whole(values.get("speed"))),
    )


def _up(status: int | None) -> bool | None:
    if status == _UP:
        return True
    return False if status in _DOWN else None


def _speed(megabits: int | None) -> float | None:
    return None if not megabits else float(megabits * _MEGABIT_BYTES)
