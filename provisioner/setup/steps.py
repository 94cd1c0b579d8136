"""A step of the set-up: said before, timed, skipped when done; and the lock that makes two set-ups take turns."""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioner.setup.layout import cache, logs


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. `done` is quick and true when nothing is to do; `apply` may be killed at any time and called again."""

    name: str
    what: str
    lasts: str  # how long it takes, in words
    done: Callable[[], bool]
    apply: Callable[[Path], None]  # receives its log file


def log_of(step: Step) -> Path:
    """Return a step's log file."""
    return logs() / f"{step.name}.log"


@contextlib.contextmanager
def turn() -> Iterator[None]:
    """Hold the set-up's lock; the kernel frees it when its holder dies."""
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("set-up: another one is at work; waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run_all(steps: Sequence[Step]) -> None:
    """Apply what is not done yet, in order, telling each step."""
    if all(step.done() for step in steps):
        return
    with turn():
        for step in steps:
            if not step.done():
                _apply(step)


def _apply(step: Step) -> None:
    log = log_of(step)
    print(f"{step.name}: {step.what} ({step.lasts}; log: {log})", flush=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("")
    start = time.monotonic()
    step.apply(log)
    print(f"{step.name}: done in {time.monotonic() - start:.0f} s", flush=True)
