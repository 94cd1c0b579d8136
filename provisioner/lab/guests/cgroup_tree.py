"""Control groups of the lab's guests: which processes are a guest's, and its PID 1 among them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from provisioner.lab.guests.driver import GuestError


def root() -> Path:
    """Return where the cgroup v2 hierarchy is mounted; raise GuestError without one."""
    for line in Path("/proc/mounts").read_text().splitlines():
        fields = line.split()
        if fields[2] == "cgroup2":
            return Path(fields[1])
    raise GuestError("this machine has no cgroup v2 hierarchy")


def children(pid: int | None) -> tuple[int, ...]:
    """Return the processes that a process started."""
    try:
        return tuple(int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    except OSError:
        return ()


def is_init(pid: int) -> bool:
    """Return whether a process is PID 1 of a PID namespace right below this one (proc_pid_status(5): NSpid)."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return False
    return any(line.split()[2:] == ["1"] for line in lines if line.startswith("NSpid:"))


def processes(cgroup: Path) -> Sequence[int]:
    """Return the processes of a control group and all below it."""
    found: list[int] = []
    for folder, _, _ in os.walk(cgroup):  # unlike rglob it bears that units come and go meanwhile
        with suppress(OSError):
            found += [int(word) for word in Path(folder, "cgroup.procs").read_text().split()]
    return found


def remove(cgroup: Path) -> None:
    """Remove a control group and all below it, as far as they are empty."""
    for folder, _, _ in os.walk(cgroup, topdown=False):
        _rmdir(Path(folder))


def _rmdir(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return
