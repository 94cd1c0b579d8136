"""Cisco's `show interfaces transceiver`: one row per port; pure."""

from __future__ import annotations

import re

from monitoring.measures.cli.rows import NO_VALUE, Printed, number, scaled
from monitoring.measures.optics.light import Light, from_text

_PORT = re.compile(r"[A-Za-z]{2,}[\d/.]+$")
_FLAGS = frozenset({"++", "+", "-", "--"})  # alarms and warnings, after the value
_LEGEND = ("++", "a2d", "if device", "ma:", "na or", "optical", "port", "temperature", "transceiver is", "---")


def cisco(text: str) -> Printed:
    """Return the light of every row. The columns are temperature, voltage, current on some, Tx and Rx power."""
    with_current = any("current" in line.lower() and "(ma)" not in line.lower() for line in text.splitlines()[:12])
    lights: dict[str, tuple[Light, ...]] = {}
    unknown = []
    for line in text.splitlines():
        words = line.split()
        if not words or _is_heading(line):
            continue
        light = _row(words, 5 if with_current else 4) if _PORT.match(words[0]) else None
        if light is None:
            unknown.append(line.strip())
        else:
            lights[words[0]] = (light,)
    return Printed(lights=lights, unknown=tuple(unknown))


def _is_heading(line: str) -> bool:
    low = line.strip().lower()
    return low.startswith(_LEGEND) or any(word in low for word in ("(celsius)", "threshold", "optical"))


def _row(words: list[str], columns: int) -> Light | None:
    values = _without_flags(words[1:], columns)
    if len(values) != columns or not all(_is_value(value) for value in values):
        return None
    return Light(
        rx=from_text(values[-1]),
        tx=from_text(values[-2]),
        bias_amperes=scaled(values[2], 1e-3) if columns == 5 else None,  # noqa: PLR2004 - with the column of the current
        temperature_celsius=scaled(values[0], 1.0),
        voltage_volts=scaled(values[1], 1.0),
    )


def _is_value(word: str) -> bool:
    return number(word) is not None or word.lower() in NO_VALUE or "inf" in word.lower()


def _without_flags(words: list[str], columns: int) -> list[str]:
    """Return the values alone. A dash is a flag only if there are more words than columns, and it follows a number."""
    kept: list[str] = []
    spare = len(words) - columns
    for word in words:
        if spare > 0 and word in _FLAGS and kept and number(kept[-1]) is not None:
            spare -= 1
        else:
            kept.append(word)
    return kept
