"""What the kernel shows of a process that the lab started; its PID and its start name it for ever (proc_pid_stat(5))."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep, time

from provisioner import places

_PAUSE = 0.02


def _stat(pid: int) -> list[str]:
    """Return the fields after the command's name, from `state` on; none if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    except (OSError, IndexError):
        return []


def alive(pid: int) -> bool:
    """Return whether a process runs; a child that ended and was not collected yet does not."""
    return _stat(pid)[:1] not in ([], ["Z"])


def ticks(pid: int) -> str | None:
    """Return when a process started, in clock ticks since boot; None if there is no such process."""
    fields = _stat(pid)
    return fields[19] if fields else None


def write(file: Path, pid: int) -> None:
    """Write down a process that was just started."""
    places.write(file, f"{pid} {ticks(pid) or ''}\n")


def read(file: Path) -> int | None:
    """Return the PID that was written down if that very process still runs."""
    try:
        pid, _, since = file.read_text().strip().partition(" ")
    except OSError:
        return None
    fields = _stat(int(pid)) if pid.isdigit() else []
    return int(pid) if fields and fields[0] != "Z" and fields[19] == since else None


def cpu(pid: int) -> float:
    """Return the CPU seconds a process used."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def started(pid: int) -> float:
    """Return when a process started, in seconds since the epoch."""
    fields = _stat(pid)
    up = float(Path("/proc/uptime").read_text().split()[0])
    return time() - up + int(fields[19]) / os.sysconf("SC_CLK_TCK") if fields else time()


def resident(pid: int) -> int:
    """Return the bytes of memory a process holds."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def cards(pid: int) -> dict[str, tuple[int, int]]:
    """Return bytes received and sent by each card of the process's network namespace."""
    try:
        rows = [line.replace(":", " ").split() for line in Path(f"/proc/{pid}/net/dev").read_text().splitlines()[2:]]
    except OSError:
        return {}
    return {row[0]: (int(row[1]), int(row[9])) for row in rows}


def end(pid: int, seconds: float = 5.0) -> None:
    """End a process: politely, then by force; return once it is gone."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = monotonic() + seconds
        while alive(pid):
            if monotonic() > deadline:
                break
            sleep(_PAUSE)
        else:
            return
