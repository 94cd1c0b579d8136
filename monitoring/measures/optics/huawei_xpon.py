"""Huawei OLTs (HUAWEI-XPON-MIB): rows of ONTs, indexed by the PON's ifIndex and the ONT's number.

The table `.43` may list online ONTs only, so state comes from `.46`; optics (`.51`) need V800R019 or newer.
"""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.measures.optics.light import NO_VALUE, Light, Power, Value, Values, from_dbm, scaled, whole
from monitoring.measures.optics.moments import moment
from monitoring.measures.optics.ont import Condition
from monitoring.observed import DownCause, Reach

_MIB = "1.3.6.1.4.1.2011.6.128.1.1.2"
STATE = {"state": f"{_MIB}.46.1.15"}
FALL = {
    "state": f"{_MIB}.46.1.15",
    "cause": f"{_MIB}.46.1.24",
    "last_down": f"{_MIB}.46.1.23",
    "last_gasp": f"{_MIB}.46.1.25",
}
SELDOM = {"last_up": f"{_MIB}.46.1.22", "distance": f"{_MIB}.46.1.20"}
OPTICS = {
    "temperature": f"{_MIB}.51.1.1",
    "tx": f"{_MIB}.51.1.3",
    "rx": f"{_MIB}.51.1.4",
    "voltage": f"{_MIB}.51.1.5",
    "olt_rx": f"{_MIB}.51.1.6",
}
_REACH = {1: Reach.UP, 2: Reach.DOWN}
_CAUSES: Mapping[int, DownCause] = {
    1: DownCause.LOS,
    2: DownCause.LOSI,
    3: DownCause.LOFI,
    4: DownCause.LOFI,
    9: DownCause.SFI,
    13: DownCause.DYING_GASP,
}
_NO_CAUSE = frozenset({-1, 0, NO_VALUE})
_HUNDREDTH = 0.01
_OLT_RX_OFFSET = 10_000


def condition(values: Values) -> Condition:
    """Return an ONT's condition; moments are those of the OLT's clock."""
    state = whole(values.get("state"))
    distance = scaled(values.get("distance"), 1.0, frozenset({-1, NO_VALUE}))
    return Condition(
        reach=Reach.UNKNOWN if state is None else _REACH.get(state, Reach.UNKNOWN),
        last_up_at=moment(values.get("last_up")),
        last_down_at=moment(values.get("last_down")),
        last_down_cause=_cause(values.get("cause")),
        last_gasp_at=moment(values.get("last_gasp")),
        distance_m=distance,
    )


def _cause(value: Value) -> DownCause | None:
    number = whole(value)
    if number is None or number in _NO_CAUSE:
        return None
    return _CAUSES.get(number, DownCause.OTHER)


def light(values: Values) -> tuple[Light, Power]:
    """Return the ONT's light and what the OLT receives from it, which is offset by 10 000 hundredths."""
    received = whole(values.get("olt_rx"))
    shifted = received if received is None or received == NO_VALUE else received - _OLT_RX_OFFSET
    ont = Light(
        rx=from_dbm(values.get("rx"), _HUNDREDTH),
        tx=from_dbm(values.get("tx"), _HUNDREDTH),
        temperature_celsius=scaled(values.get("temperature"), 1.0),
        voltage_volts=scaled(values.get("voltage"), 1e-3),
    )
    return ont, from_dbm(shifted, _HUNDREDTH)
