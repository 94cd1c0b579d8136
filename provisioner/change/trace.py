"""A site's journal as runs and steps: where the time went, what was cut. Pure: lines in, runs out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

_CUT = "cut"  # begun and never ended: the run was killed, or is at work now
_BEGUN = "begun"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of a run. `after` are seconds from the run's beginning to the step's; `seconds` None: it never ended."""

    name: str
    outcome: str
    after: float
    seconds: float | None
    cpu: float
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run of a verb. `cpu` is of control alone: guests and the lab's API are other processes."""

    id: str
    verb: str
    began: datetime
    steps: tuple[Step, ...]

    @property
    def seconds(self) -> float:
        """Return the wall time to the end of the last step; steps may run side by side."""
        return max((step.after + (step.seconds or 0.0) for step in self.steps), default=0.0)


def runs(lines: Iterable[str]) -> tuple[Run, ...]:
    """Return the runs of a journal in their order; a line that was cut by a power failure is left out."""
    found: dict[str, list[dict[str, object]]] = {}
    for line in lines:
        try:
            entry = json.loads(line)
            found.setdefault(str(entry["run"]), []).append(entry)
        except (ValueError, KeyError, TypeError):
            continue
    return tuple(_run(name, entries) for name, entries in found.items())


def _run(name: str, entries: list[dict[str, object]]) -> Run:
    began = datetime.fromisoformat(str(entries[0]["time"]))
    steps: list[Step] = []
    open_ones: dict[str, float] = {}
    for entry in entries:
        step, moment = str(entry["step"]), (datetime.fromisoformat(str(entry["time"])) - began).total_seconds()
        if entry["event"] == _BEGUN:
            open_ones[step] = moment
            continue
        after = open_ones.pop(step, moment)
        seconds, cpu = float(str(entry.get("seconds", 0))), float(str(entry.get("cpu", 0)))
        steps.append(
            Step(name=step, outcome=str(entry["event"]), after=after, seconds=seconds, cpu=cpu, detail=str(entry.get("detail", "")))
        )
    steps += [Step(name=step, outcome=_CUT, after=after, seconds=None, cpu=0.0) for step, after in open_ones.items()]
    return Run(id=name, verb=str(entries[0].get("verb", "")), began=began, steps=tuple(sorted(steps, key=lambda step: step.after)))
