"""Receive windows of the classes of PON optics, for modules that tell no limits of their own; pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from monitoring.observed import OpticsLimits
from monitoring.topology import OpticsClass

_WARNING_DB = 2.0  # above the least that the class allows, as NocOpticalLowWarning has it for B+
# Receive windows at the ONT in dBm (ITU-T G.984.2 and its amendments, G.9807.1).
_WINDOWS: Mapping[OpticsClass, tuple[float, float]] = {
    OpticsClass.A: (-21.0, -1.0),
    OpticsClass.B: (-21.0, -1.0),
    OpticsClass.B_PLUS: (-27.0, -8.0),
    OpticsClass.C: (-28.0, -8.0),
    OpticsClass.C_PLUS: (-30.0, -8.0),
    OpticsClass.D: (-30.0, -8.0),
    OpticsClass.N1: (-28.0, -9.0),
    OpticsClass.N2: (-28.0, -9.0),
    OpticsClass.E1: (-28.0, -9.0),
    OpticsClass.E2: (-28.0, -9.0),
}


@cache
def limits_of(optics: OpticsClass) -> OpticsLimits:
    """Return the limits of a class."""
    low, high = _WINDOWS[optics]
    return OpticsLimits(low_alarm=low, low_warning=low + _WARNING_DB, high_alarm=high)
