"""Juniper (JUNIPER-DOM-MIB): indexed by ifIndex; lanes in a table of their own are not read."""

from __future__ import annotations

from monitoring.measures.optics.light import Light, Value, Values, from_dbm, scaled, some_limits
from monitoring.observed import OpticsLimits

_TABLE = "1.3.6.1.4.1.2636.3.60.1.1.1.1"
COLUMNS = {
    "rx": f"{_TABLE}.5",
    "bias": f"{_TABLE}.6",
    "tx": f"{_TABLE}.7",
    "temperature": f"{_TABLE}.8",
    "high_alarm": f"{_TABLE}.9",
    "low_alarm": f"{_TABLE}.10",
    "high_warning": f"{_TABLE}.11",
    "low_warning": f"{_TABLE}.12",
}
_HUNDREDTH = 0.01


def decode(values: Values) -> tuple[Light, ...]:
    """Return the port. A low threshold of zero is one that nobody set: 0 dBm would call every fibre dark."""
    return (
        Light(
            rx=from_dbm(values.get("rx"), _HUNDREDTH),
            tx=from_dbm(values.get("tx"), _HUNDREDTH),
            bias_amperes=scaled(values.get("bias"), 1e-6),
            temperature_celsius=scaled(values.get("temperature"), 1.0),
            limits=some_limits(
                OpticsLimits(
                    low_alarm=_low(values.get("low_alarm")),
                    low_warning=_low(values.get("low_warning")),
                    high_warning=scaled(values.get("high_warning"), _HUNDREDTH),
                    high_alarm=scaled(values.get("high_alarm"), _HUNDREDTH),
                )
            ),
        ),
    )


def _low(value: Value) -> float | None:
    return scaled(value, _HUNDREDTH) or None
