"""Cisco (CISCO-ENTITY-SENSOR-MIB): one sensor per quantity, each with its own scale, precision and unit."""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.measures.optics.light import Light, Power, Values, from_watts, judged, whole
from monitoring.observed import Validity

_TABLE = "1.3.6.1.4.1.9.9.91.1.1.1.1"
COLUMNS = {"type": f"{_TABLE}.1", "scale": f"{_TABLE}.2", "precision": f"{_TABLE}.3", "value": f"{_TABLE}.4", "status": f"{_TABLE}.5"}
# SensorDataType and SensorDataScale of the MIB.
_WATTS, _DBM = 6, 14
_UNITS_SCALE = 9
_SCALE_STEP = 3
_STATUS_OK = 1
_INVALID = frozenset({-32768, 1_000_000_000, -1_000_000_000})  # not wired; over- and underflow of EntitySensorValue


def reading(sensor: Values) -> float | None:
    """Return one sensor's value in its unit: value x 10^scale / 10^precision; None where it is invalid."""
    value, scale, precision = (whole(sensor.get(name)) for name in ("value", "scale", "precision"))
    if value is None or scale is None or precision is None or value in _INVALID:
        return None
    return float(value * 10.0 ** ((scale - _UNITS_SCALE) * _SCALE_STEP - precision))


def power(sensor: Values | None) -> Power:
    """Return a sensor's power: dBm on IOS, watts on IOS-XR."""
    if sensor is None or sensor.get("value") is None:
        return Power.none(Validity.ABSENT)
    if whole(sensor.get("status")) not in {_STATUS_OK, None}:
        return Power.none(Validity.SENTINEL)
    value = reading(sensor)
    if value is None:
        return Power.none(Validity.SENTINEL if whole(sensor.get("value")) in _INVALID else Validity.UNREADABLE)
    kind = whole(sensor.get("type"))
    if kind == _DBM:
        return judged(value)
    return from_watts(value) if kind == _WATTS else Power.none(Validity.UNREADABLE)


def decode(sensors: Mapping[str, Values]) -> tuple[Light, ...]:
    """Return the port whose sensors are given by quantity: rx, tx, bias, temperature, voltage."""

    def of(name: str) -> float | None:
        value = reading(sensors[name]) if name in sensors else None
        return None if value is None else round(value, 9)

    return (
        Light(
            rx=power(sensors.get("rx")),
            tx=power(sensors.get("tx")),
            bias_amperes=of("bias"),
            temperature_celsius=of("temperature"),
            voltage_volts=of("voltage"),
        ),
    )
