"""What the readers of command lines share: numbers with their flags, names with their abbreviations; pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from monitoring.measures.optics.light import Light

NO_VALUE = frozenset({"-", "--", "n/a", "na", "none", "unknown", "null"})
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
_NAME = re.compile(r"([A-Za-z-]+?)\s*(\d[\d/.:]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """What was read of a device's output: light by port, and the rows that nobody understood."""

    lights: Mapping[str, tuple[Light, ...]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


def number(word: str) -> float | None:
    """Return the number at the beginning of a word, whatever flag or unit follows; None where there is none."""
    if word.strip().lower() in NO_VALUE:
        return None
    found = _NUMBER.match(word.strip())
    value = float(found.group()) if found else math.nan
    return value if math.isfinite(value) else None


def scaled(word: str | None, unit: float) -> float | None:
    """Return a number in base units."""
    value = None if word is None else number(word)
    return None if value is None else round(value * unit, 9)


def same_port(name: str, other: str) -> bool:
    """Tell whether two names are those of one port: `Gi1/0/49` is `GigabitEthernet1/0/49`."""
    if name.lower() == other.lower():
        return True
    first, second = _NAME.fullmatch(name), _NAME.fullmatch(other)
    if first is None or second is None or first.group(2) != second.group(2):
        return False
    short, long = sorted((first.group(1).lower(), second.group(1).lower()), key=len)
    return long.startswith(short)


def wanted(lights: Mapping[str, tuple[Light, ...]], ports: Iterable[str]) -> Mapping[str, tuple[Light, ...]]:
    """Return the light of these ports by the names that we have for them."""
    found: dict[str, tuple[Light, ...]] = {}
    for port in ports:
        for name, light in lights.items():
            if same_port(port, name):
                found[port] = light
    return found
