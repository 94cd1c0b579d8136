"""Nokia SR OS (TIMETRA-PORT-MIB tmnxDigitalDiagMonitorTable): indexed by chassis and port; units of SFF-8472."""

from __future__ import annotations

from monitoring.measures.optics.light import Light, Value, Values, from_microwatts, scaled, some_limits
from monitoring.observed import OpticsLimits

_TABLE = "1.3.6.1.4.1.6527.3.1.2.2.4.31.1"
CHASSIS = "1"
COLUMNS = {
    "temperature": f"{_TABLE}.1",
    "voltage": f"{_TABLE}.6",
    "bias": f"{_TABLE}.11",
    "tx": f"{_TABLE}.16",
    "rx": f"{_TABLE}.21",
    "low_warning": f"{_TABLE}.22",
    "low_alarm": f"{_TABLE}.23",
    "high_warning": f"{_TABLE}.24",
    "high_alarm": f"{_TABLE}.25",
}
_TENTH_MICROWATT = 0.1


def decode(values: Values) -> tuple[Light, ...]:
    """Return the port: powers and limits are tenths of a microwatt, zero is darkness, a limit of zero is none."""
    return (
        Light(
            rx=from_microwatts(values.get("rx"), _TENTH_MICROWATT),
            tx=from_microwatts(values.get("tx"), _TENTH_MICROWATT),
            bias_amperes=scaled(values.get("bias"), 2e-6),
            temperature_celsius=scaled(values.get("temperature"), 1 / 256),
            voltage_volts=scaled(values.get("voltage"), 1e-4),
            limits=some_limits(
                OpticsLimits(
                    low_alarm=_limit(values.get("low_alarm")),
                    low_warning=_limit(values.get("low_warning")),
                    high_warning=_limit(values.get("high_warning")),
                    high_alarm=_limit(values.get("high_alarm")),
                )
            ),
        ),
    )


def _limit(value: Value) -> float | None:
    return from_microwatts(value, _TENTH_MICROWATT).dbm
