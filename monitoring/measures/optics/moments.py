"""Moments as SNMP agents write them: DateAndTime (RFC 2579) to seconds since 1970; pure."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta

from monitoring.measures.optics.light import Value

SYSTEM_DATE = "1.3.6.1.2.1.25.1.2.0"  # hrSystemDate, RFC 2790: the device's own clock
_PLAIN = struct.Struct("!HBBBBBB")
_ZONE = struct.Struct("!cBB")


def moment(value: Value) -> float | None:
    """Return a DateAndTime of 8 or 11 octets in seconds; None where it is absent, zero or no date at all.

    Without a zone it is taken as UTC; what a device's own clock is off by, its zone included, is put right by the caller.
    """
    if not isinstance(value, bytes) or len(value) not in {_PLAIN.size, _PLAIN.size + _ZONE.size}:
        return None
    year, month, day, hour, minute, second, tenth = _PLAIN.unpack_from(value)
    try:
        # A leap second (60) is the last moment of its minute to us.
        found = datetime(year, month, day, hour, minute, min(second, 59), tenth % 10 * 100_000, tzinfo=UTC)
    except ValueError:
        return None
    if len(value) > _PLAIN.size:
        sign, hours, minutes = _ZONE.unpack_from(value, _PLAIN.size)
        offset = timedelta(hours=hours, minutes=minutes)
        found += offset if sign == b"-" else -offset
    return found.timestamp()
