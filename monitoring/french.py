"""How French writes moments, durations and numbers. Senegal keeps UTC all year."""

from __future__ import annotations

from datetime import UTC, datetime

MONTHS = ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_THOUSAND = "\N{NO-BREAK SPACE}"


def moment(seconds: float) -> str:
    """Return `25/11 14:02`; Senegal keeps UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%d/%m %H:%M}"


def clock(seconds: float) -> str:
    """Return `25/11/2026 14:02:31`."""
    return f"{datetime.fromtimestamp(seconds, UTC):%d/%m/%Y %H:%M:%S}"


def iso(seconds: float) -> str:
    """Return the moment for machines: `2026-11-25T14:02:31Z`."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def lasting(seconds: float) -> str:
    """Return a duration in its two greatest units: `3 j 4 h`, `2 h 05 min`, `12 min`, `8 s`, `0`."""
    whole = max(0, int(seconds))
    if whole == 0:
        return "0"
    if whole < _MINUTE:
        return f"{whole}{_THOUSAND}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}{_THOUSAND}min"
    if whole < _DAY:
        return f"{whole // _HOUR}{_THOUSAND}h{_THOUSAND}{whole % _HOUR // _MINUTE:02d}{_THOUSAND}min"
    return f"{whole // _DAY}{_THOUSAND}j{_THOUSAND}{whole % _DAY // _HOUR}{_THOUSAND}h"


def number(value: float, digits: int = 1) -> str:
    """Return a number the French way: a comma, and spaces between thousands."""
    return f"{value:,.{digits}f}".replace(",", _THOUSAND).replace(".", ",")


def percent(share: float | None, digits: int = 2) -> str:
    """Return a share from 0 to 1 as `99,52 %`, rounded down so that 99,999 never reads as 100; a dash for none."""
    if share is None:
        return "\N{EN DASH}"
    scale = 10**digits
    # Down, but not because of the last bit of a float: 0.9995 * 100 * 100 is 9994.999...
    return f"{number(int(share * 100 * scale + 1e-6) / scale, digits)}{_THOUSAND}%"


def sites(count: int) -> str:
    """Return `1 site` or `70 sites`."""
    return f"{count}{_THOUSAND}site{'s' if count > 1 else ''}"
