"""MikroTik (MIKROTIK-MIB mtxrOpticalTable): indexed by the row whose mtxrOpticalName is the interface's name."""

from __future__ import annotations

from monitoring.measures.optics.light import Light, Power, Value, Values, from_dbm, scaled, whole
from monitoring.observed import Validity

_TABLE = "1.3.6.1.4.1.14988.1.1.19.1.1"
NAME = f"{_TABLE}.2"
COLUMNS = {
    "los": f"{_TABLE}.3",
    "temperature": f"{_TABLE}.6",
    "voltage": f"{_TABLE}.7",
    "bias": f"{_TABLE}.8",
    "tx": f"{_TABLE}.9",
    "rx": f"{_TABLE}.10",
}
_THOUSANDTH = 0.001
# Booleans of two kinds are met: 0 and 1 (BoolValue), 1 and 2 (TruthValue).
_LOS = {0: False, 1: True, 2: False}


def decode(values: Values) -> tuple[Light, ...]:
    """Return the port; its own word for loss of signal beats the number beside it."""
    los = _los(values.get("los"))
    rx = from_dbm(values.get("rx"), _THOUSANDTH)
    return (
        Light(
            rx=Power.none(Validity.NO_LIGHT) if los else rx,
            tx=from_dbm(values.get("tx"), _THOUSANDTH),
            bias_amperes=scaled(values.get("bias"), 1e-3),
            temperature_celsius=scaled(values.get("temperature"), 1.0),
            voltage_volts=scaled(values.get("voltage"), 1e-3),
            los=los,
        ),
    )


def _los(value: Value) -> bool | None:
    number = whole(value)
    return None if number is None else _LOS.get(number)
