"""Optical power from what devices say: dBm everywhere, and where there is none the reason; pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from monitoring.observed import OpticsLimits, Validity

Value = int | float | str | bytes | None
Values = Mapping[str, Value]

# SFF-8472: zero microwatts is written -40 dBm or less; no receiver of ours takes more than +10 dBm.
_DARK_DBM = -40.0
_MOST_DBM = 10.0
_MICROWATTS = 1000.0  # in a milliwatt, which is 0 dBm
NO_VALUE = 2147483647  # how many agents say that there is none


@dataclass(frozen=True, slots=True)
class Power:
    """A power in dBm, or why there is none."""

    dbm: float | None
    validity: Validity

    @classmethod
    def none(cls, why: Validity) -> Power:
        """Return the absence of a power."""
        return cls(None, why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """One optical port at one moment. `rx` says whether any of it can be believed."""

    rx: Power
    tx: Power = Power(None, Validity.ABSENT)
    bias_amperes: float | None = None
    temperature_celsius: float | None = None
    voltage_volts: float | None = None
    los: bool | None = None
    limits: OpticsLimits | None = None


def whole(value: Value) -> int | None:
    """Return a whole number, also from text; None where it is none."""
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    try:
        return None if value is None else int(value)
    except (ValueError, OverflowError):
        return None


def scaled(value: Value, unit: float, none: frozenset[int] = frozenset({NO_VALUE})) -> float | None:
    """Return a whole number times its unit, or None where it is none or stands for none."""
    number = whole(value)
    return None if number is None or number in none else round(number * unit, 9)


def judged(dbm: float) -> Power:
    """Return a power if a receiver can have read it."""
    if dbm <= _DARK_DBM:
        return Power.none(Validity.NO_LIGHT)
    return Power(round(dbm, 3), Validity.OK) if dbm <= _MOST_DBM else Power.none(Validity.OUT_OF_RANGE)


def from_dbm(value: Value, unit: float, none: frozenset[int] = frozenset({NO_VALUE})) -> Power:
    """Return the power of a whole number of `unit` dBm; `none` are the device's words for no value."""
    if value is None:
        return Power.none(Validity.ABSENT)
    number = whole(value)
    if number is None:
        return Power.none(Validity.UNREADABLE)
    return Power.none(Validity.SENTINEL) if number in none else judged(number * unit)


def from_microwatts(value: Value, unit: float) -> Power:
    """Return the power of a whole number of `unit` microwatts; zero is darkness."""
    if value is None:
        return Power.none(Validity.ABSENT)
    number = whole(value)
    if number is None:
        return Power.none(Validity.UNREADABLE)
    if number == NO_VALUE:
        return Power.none(Validity.SENTINEL)
    if number < 0:
        return Power.none(Validity.OUT_OF_RANGE)
    return from_watts(number * unit / 1e6)


def from_watts(watts: float) -> Power:
    """Return a power given in watts; zero is darkness."""
    if not math.isfinite(watts) or watts < 0:
        return Power.none(Validity.UNREADABLE)
    return judged(10 * math.log10(watts * 1000)) if watts > 0 else Power.none(Validity.NO_LIGHT)


def from_text(value: Value) -> Power:
    """Return the power that a device writes as text in dBm: `-21.50`, `-Inf`, `--`."""
    if value is None:
        return Power.none(Validity.ABSENT)
    text = (value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)).strip().lower().removesuffix("dbm").strip()
    if text in {"", "-", "--", "n/a", "na", "none"}:
        return Power.none(Validity.SENTINEL)
    if text in {"-inf", "-infinity", "low", "off"}:
        return Power.none(Validity.NO_LIGHT)
    try:
        dbm = float(text)
    except ValueError:
        return Power.none(Validity.UNREADABLE)
    return judged(dbm) if math.isfinite(dbm) else Power.none(Validity.UNREADABLE)


def some_limits(limits: OpticsLimits) -> OpticsLimits | None:
    """Return limits of which at least one is set and which are in order; None otherwise."""
    told = [limit for limit in (limits.low_alarm, limits.low_warning, limits.high_warning, limits.high_alarm) if limit is not None]
    return limits if told and told == sorted(told) else None
