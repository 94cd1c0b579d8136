"""Runs of a site that are killed on purpose, and what must be true after the next one."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from provisioner import command, places
from provisioner.adapters.pulumi import stack
from provisioner.centre import infrastructure
from tests.lab.conftest import Recorded

SITE = "kedougou"
UP = "from provisioner.centre import infrastructure; infrastructure.apply('kedougou', 'up', lambda line: print(line, flush=True))"
DESTROY = "from provisioner.centre import infrastructure; infrastructure.remove('kedougou', lambda line: print(line, flush=True))"


@dataclass(frozen=True, kw_only=True)
class Killed:
    """How far a run came before it was killed; `ended` if it was quicker."""

    said: tuple[str, ...]
    ended: bool


def _end(run: command.Process, said: list[str]) -> Killed:
    command.end(run)
    rest = run.stdout.read().splitlines() if run.stdout else []
    command.close(run)
    return Killed(said=tuple(said + rest), ended=run.returncode == 0)


def kill(run: command.Process) -> None:
    """Kill a run as a power cut of the engineer's laptop does: the run itself; what it started loses its parent."""
    os.kill(run.pid, signal.SIGKILL)


def after(recorded: Recorded, program: str, seconds: float) -> Killed:
    """Kill a run after some seconds."""
    run = recorded.child(program)
    timer = threading.Timer(seconds, kill, [run])
    timer.start()
    said = [line.rstrip() for line in run.stdout or ()]
    timer.cancel()
    timer.join()
    return _end(run, said)


def at_line(recorded: Recorded, program: str, fits: Callable[[str], bool]) -> Killed:
    """Kill a run at the first line of its progress that fits."""
    run, said = recorded.child(program), list[str]()
    for line in run.stdout or ():
        said.append(line.rstrip())
        if fits(line):
            kill(run)
            break
    return _end(run, said)


def boundaries(killed: Killed) -> tuple[str, ...]:
    """Return the lines of a whole run at which another one can be killed: one for each resource that changed."""
    assert killed.ended
    return tuple(line.removeprefix(f"{SITE}:").strip() for line in killed.said if line.startswith(f"{SITE}:   "))


def whole(recorded: Recorded) -> None:
    """Run once more and check that the site stands as its plan says, without a lock, a pending operation or a second guest."""
    recorded.apply()
    guests = recorded.administrator.rows("/cluster/resources", type="vm")
    assert sorted(int(str(row["vmid"])) for row in guests) == sorted(guest.vmid for guest in recorded.plan.guests)
    assert (stack.locks(SITE), stack.pending(SITE)) == ((), ())
    assert recorded.apply("preview") == 0


def nothing(recorded: Recorded) -> None:
    """Destroy once more and check that nothing is left on the node, its disk and in the backend."""
    infrastructure.remove(SITE, recorded.told.append)
    assert recorded.administrator.rows("/cluster/resources", type="vm") == []
    assert recorded.administrator.rows("/pools") == []
    assert [path for path in _files() if path.is_file()] == []
    assert (stack.checkpoint(SITE), stack.locks(SITE)) == ({}, ())


def _files() -> tuple[Path, ...]:
    return tuple((places.lab() / "api" / "nodes").rglob("*"))
