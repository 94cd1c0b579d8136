"""ZTE OLTs (ZTE-AN-PON-BASE-MIB and its kin on the C600): rows of ONTs by the PON's packed ifIndex and the ONT's number.

At most one optical read per hour: polling crashed a line card (librenms#14203).
"""

from __future__ import annotations

from monitoring.measures.optics.light import NO_VALUE, Light, Power, Value, Values, from_dbm, judged, whole
from monitoring.measures.optics.ont import Condition
from monitoring.observed import DownCause, Reach, Validity

_MIB = "1.3.6.1.4.1.3902.1082.500"
STATE = {"state": f"{_MIB}.10.2.3.8.1.4"}
FALL = STATE
SELDOM: dict[str, str] = {}
OPTICS = {"rx": f"{_MIB}.20.2.2.2.1.10", "olt_rx": f"{_MIB}.1.2.4.2.1.2"}
ONT_PORT = "1"  # the ONT's own receiver has one index more
_WORKING, _LOS, _DYING_GASP, _OFFLINE = 4, 2, 5, 7
_DOWN = {_LOS: DownCause.LOS, _DYING_GASP: DownCause.DYING_GASP, _OFFLINE: None}
_NONE = frozenset({NO_VALUE})
_NO_SIGNAL = -80_000
_THOUSANDTH = 0.001
# The ONT's receiver is told as ANI-G does it: 16 bits of 0.002 dB above -30 dBm.
_ANI_UNIT, _ANI_ZERO, _ANI_NONE, _ANI_SIGN, _ANI_SPAN = 0.002, -30.0, 65_535, 32_768, 65_536


def condition(values: Values) -> Condition:
    """Return an ONT's condition from its phase: working is up; LOS, dying gasp and offline are down; the rest is on its way."""
    phase = whole(values.get("state"))
    if phase == _WORKING:
        return Condition(reach=Reach.UP)
    if phase in _DOWN:
        return Condition(reach=Reach.DOWN, last_down_cause=_DOWN[phase])
    return Condition(reach=Reach.UNKNOWN)


def light(values: Values) -> tuple[Light, Power]:
    """Return the ONT's light and what the OLT receives from it."""
    received = whole(values.get("olt_rx"))
    olt = Power.none(Validity.NO_LIGHT) if received == _NO_SIGNAL else from_dbm(values.get("olt_rx"), _THOUSANDTH, _NONE)
    return Light(rx=_ani(values.get("rx"))), olt


def _ani(value: Value) -> Power:
    if value is None:
        return Power.none(Validity.ABSENT)
    number = whole(value)
    if number is None:
        return Power.none(Validity.UNREADABLE)
    if number in {_ANI_NONE, NO_VALUE}:
        return Power.none(Validity.SENTINEL)
    if number == _NO_SIGNAL:
        return Power.none(Validity.NO_LIGHT)
    if number < 0:  # some releases write thousandths of dBm here too
        return from_dbm(number, _THOUSANDTH, _NONE)
    signed = number - _ANI_SPAN if number >= _ANI_SIGN else number
    return judged(_ANI_ZERO + signed * _ANI_UNIT)
