"""The detectors' memory on disk: a day's baseline is not learnt anew after a restart."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from monitoring import kept
from monitoring.degradation.baseline import Baseline
from monitoring.degradation.detour import WayMemory
from monitoring.degradation.light import LightMemory, Step
from monitoring.problems import Problem, ProblemsError
from monitoring.reading import Fields, parse_file

log = logging.getLogger(__name__)

FORMAT = 1
LightKey = tuple[str, str, int]
WayKey = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What is remembered of every receiver (device, port, lane) and every path (site, path)."""

    lights: Mapping[LightKey, LightMemory] = field(default_factory=dict)
    ways: Mapping[WayKey, WayMemory] = field(default_factory=dict)


def save(file: Path, remembered: Remembered) -> None:
    """Write the memory, whole or not at all. Raises OSError."""
    text = json.dumps(
        {
            "format": FORMAT,
            "lights": [
                {"device": device, "port": port, "lane": lane, **_light(memory)}
                for (device, port, lane), memory in sorted(remembered.lights.items())
            ],
            "ways": [{"site": site, "path": path, **_way(memory)} for (site, path), memory in sorted(remembered.ways.items())],
        }
    )
    kept.write(file, text)


def load(file: Path) -> Remembered:
    """Return what was kept, nothing if there is no file. One that cannot be read is set aside as `*.unreadable`."""
    if not file.exists():
        return Remembered()
    try:
        return _read(parse_file(file), file.name)
    except ProblemsError as error:
        aside = file.with_name(f"{file.name}.unreadable")
        file.replace(aside)
        log.warning("%s: learnt anew, the old one is %s: %s", file, aside.name, error)
        return Remembered()


def _light(memory: LightMemory) -> dict[str, object]:
    return {
        "at": memory.at,
        "recent": memory.recent,
        "rx": _baseline(memory.rx),
        "tx": _baseline(memory.tx),
        "bias": _baseline(memory.bias),
        "score": memory.score,
        "step": {"since": memory.step.since, "before": memory.step.before} if memory.step else None,
        "low_alarm": memory.low_alarm,
        "low_warning": memory.low_warning,
    }


def _baseline(baseline: Baseline) -> dict[str, object]:
    return {
        "hour": baseline.hour,
        "now": baseline.now,
        "hours": [start for start, _ in baseline.hours],
        "hour_levels": [level for _, level in baseline.hours],
        "days": [start for start, _ in baseline.days],
        "day_levels": [level for _, level in baseline.days],
        "first": baseline.first,
    }


def _way(memory: WayMemory) -> dict[str, object]:
    return {
        "at": memory.at,
        "minima": memory.minima,
        "longer": memory.longer,
        "usual": memory.usual,
        "since": memory.since,
        "step": memory.step,
    }


def _read(raw: object, where: str) -> Remembered:
    problems: list[Problem] = []
    fields = Fields(raw, where, problems)
    if fields.whole("format") != FORMAT:
        fields.problem("format", f"is not {FORMAT}")
    lights = fields.many("lights", lambda one: ((one.text("device"), one.text("port"), one.whole("lane")), _light_of(one)))
    ways = fields.many("ways", lambda one: ((one.text("site"), one.text("path")), _way_of(one)))
    fields.done()
    if problems:
        raise ProblemsError(problems)
    return Remembered(lights=dict(lights), ways=dict(ways))


def _light_of(fields: Fields) -> LightMemory:
    step = fields.inner_or_none("step")
    return LightMemory(
        at=fields.number("at"),
        recent=fields.numbers("recent"),
        rx=_baseline_of(fields.inner("rx")),
        tx=_baseline_of(fields.inner("tx")),
        bias=_baseline_of(fields.inner("bias")),
        score=fields.number("score"),
        step=None if step is None else Step(since=step.number("since"), before=step.number("before")),
        low_alarm=fields.whole("low_alarm"),
        low_warning=fields.whole("low_warning"),
    )


def _baseline_of(fields: Fields) -> Baseline:
    found = Baseline(
        hour=fields.number("hour"),
        now=fields.numbers("now"),
        hours=_pairs(fields, "hours", "hour_levels"),
        days=_pairs(fields, "days", "day_levels"),
        first=fields.number_or_none("first"),
    )
    fields.done()
    return found


def _pairs(fields: Fields, starts: str, levels: str) -> tuple[tuple[float, float], ...]:
    first, second = fields.numbers(starts), fields.numbers(levels)
    if len(first) != len(second):
        fields.problem(levels, f"{len(second)} for {len(first)} {starts}")
    return tuple(zip(first, second, strict=False))


def _way_of(fields: Fields) -> WayMemory:
    return WayMemory(
        at=fields.number("at"),
        minima=fields.numbers("minima"),
        longer=fields.whole("longer"),
        usual=fields.number("usual"),
        since=fields.number_or_none("since"),
        step=fields.number("step"),
    )
