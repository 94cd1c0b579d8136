"""Huawei routers and switches (HUAWEI-ENTITY-EXTENT-MIB): indexed by entPhysicalIndex of the module."""

from __future__ import annotations

from dataclasses import replace

from monitoring.measures.optics.light import Light, Power, Value, Values, from_dbm, from_microwatts, from_text, scaled, some_limits, whole
from monitoring.observed import OpticsLimits, Validity

_TABLE = "1.3.6.1.4.1.2011.5.25.31.1.1.3.1"
COLUMNS = {
    "temperature": f"{_TABLE}.5",
    "voltage": f"{_TABLE}.6",
    "bias": f"{_TABLE}.7",
    "rx": f"{_TABLE}.8",
    "tx": f"{_TABLE}.9",
    "low_alarm": f"{_TABLE}.13",
    "high_alarm": f"{_TABLE}.14",
    "lanes_rx": f"{_TABLE}.32",
    "lanes_tx": f"{_TABLE}.33",
}
_UNSET = frozenset({-1, -255, 0x7FFFFFFF})
_HUNDREDTH = 0.01


def decode(values: Values) -> tuple[Light, ...]:
    """Return the module's lanes: one, unless the lanes' own columns tell of several."""
    rx, tx = _lanes(values.get("lanes_rx")), _lanes(values.get("lanes_tx"))
    module = Light(
        rx=_power(values.get("rx")),
        tx=_power(values.get("tx")),
        bias_amperes=scaled(values.get("bias"), 1e-6, _UNSET),
        temperature_celsius=scaled(values.get("temperature"), 1.0, _UNSET),
        voltage_volts=scaled(values.get("voltage"), 1e-3, _UNSET),
        limits=_limits(values),
    )
    if len(rx) <= 1:
        return (module,)
    outs = tx if len(tx) == len(rx) else [Power.none(Validity.ABSENT)] * len(rx)
    return tuple(replace(module, rx=power, tx=out) for power, out in zip(rx, outs, strict=True))


def _power(value: Value) -> Power:
    """Return a power: a positive number is microwatts, a negative one hundredths of dBm. The same column holds both."""
    number = whole(value)
    if number is not None and number < 0:
        return from_dbm(number, _HUNDREDTH, _UNSET)
    return from_microwatts(value, 1.0)


def _lanes(value: Value) -> list[Power]:
    """Return the powers of `-2150,-2200,-Inf,--`: hundredths of dBm per lane."""
    if value is None:
        return []
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
    return [_lane(word.strip()) for word in text.split(",") if word.strip()]


def _lane(word: str) -> Power:
    number = whole(word)
    if number is not None:
        return from_dbm(number, _HUNDREDTH, _UNSET)
    # A fraction is dBm already: some releases write what the manual does not say.
    return from_text(word)


def _limits(values: Values) -> OpticsLimits | None:
    low = scaled(values.get("low_alarm"), _HUNDREDTH, _UNSET)
    high = scaled(values.get("high_alarm"), _HUNDREDTH, _UNSET)
    return some_limits(OpticsLimits(low_alarm=low, high_alarm=high))
