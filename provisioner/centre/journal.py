"""The journal of a site: each step of each run, when it began and how it ended. One JSON object a line, only appended."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from os import times
from time import monotonic

from provisioner import places


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step that ended. `seconds` is wall time; `cpu` is that of this process and the programs it ran, meanwhile.

    Where steps run side by side each counts the other's CPU too; guests and the lab's API are other processes.
    """

    run: str
    step: str
    outcome: str  # done, skipped, failed
    seconds: float
    cpu: float = 0.0
    detail: str = ""


def _cpu() -> float:
    """Return the CPU seconds of this process and of the programs that it ran to their end."""
    spent = times()
    return spent.user + spent.system + spent.children_user + spent.children_system


class Journal:
    """Appends to one site's journal and tells the listener what goes on."""

    def __init__(self, site: str, verb: str, tell: Callable[[str], None]) -> None:
        """Begin a run of `verb`; `tell` receives a line of progress at a time."""
        self.site = site
        self.verb = verb
        self.tell = tell
        self.steps: list[Step] = []
        self._run = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}"
        self._file = places.site(site).journal
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _append(self, entry: Mapping[str, object]) -> None:
        line = json.dumps({"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "run": self._run, "verb": self.verb} | dict(entry))
        with self._file.open("a") as handle:
            handle.write(line + "\n")
            handle.flush()
            os.fsync(handle.fileno())

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Run a step; what is put into the yielded list becomes its detail, the word `skipped` its outcome."""
        started, burnt = monotonic(), _cpu()
        self._append({"step": name, "event": "begun"})
        notes: list[str] = []
        try:
            yield notes
        except BaseException as error:
            self._end(name, "failed", (monotonic() - started, _cpu() - burnt), type(error).__name__)
            raise
        outcome = "skipped" if "skipped" in notes else "done"
        self._end(name, outcome, (monotonic() - started, _cpu() - burnt), "; ".join(note for note in notes if note != "skipped"))

    def _end(self, name: str, outcome: str, took: tuple[float, float], detail: str) -> None:
        seconds, cpu = round(took[0], 2), round(took[1], 2)
        self.steps.append(Step(run=self._run, step=name, outcome=outcome, seconds=seconds, cpu=cpu, detail=detail))
        self._append({"step": name, "event": outcome, "seconds": seconds, "cpu": cpu, "detail": detail})
        self.tell(f"{self.site}: {name}: {outcome} in {seconds:.1f} s" + (f" ({detail})" if detail else ""))
