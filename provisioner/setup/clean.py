"""`make clean-lab`: remove the lab with its namespaces, mounts, processes and files; without the virtual environment if need be."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from provisioner.setup import programs
from provisioner.setup.layout import VENV, SetupError, logs, state

_GRACE = 5.0  # seconds


def prefix() -> str:
    """Return what every namespace, interface and cgroup of this lab starts with, as provisioner.lab makes it."""
    return "t" + hashlib.sha256(str(state()).encode()).hexdigest()[:4]


def namespaces() -> tuple[str, ...]:
    """Return the lab's network namespaces."""
    folder = Path("/run/netns")
    return tuple(sorted(file.name for file in folder.glob(f"{prefix()}*"))) if folder.exists() else ()


def mounts() -> tuple[str, ...]:
    """Return the mount points below the lab's folder, the deepest first."""
    points = (line.split(" ")[4].encode().decode("unicode_escape") for line in Path("/proc/self/mountinfo").read_text().splitlines())
    inside = str(state() / "lab") + "/"
    return tuple(sorted((point for point in points if point.startswith(inside)), key=len, reverse=True))


def processes() -> tuple[int, ...]:
    """Return the processes that live in the lab's namespaces or whose arguments name the lab's folder."""
    inodes = {Path(f"/run/netns/{name}").stat().st_ino for name in namespaces()}
    return tuple(sorted(set(_candidates(inodes)) - {os.getpid(), os.getppid()}))


def _candidates(inodes: set[int]) -> Iterator[int]:
    folder = str(state() / "lab").encode()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (entry / "ns" / "net").stat().st_ino in inodes or folder in (entry / "cmdline").read_bytes():
                yield int(entry.name)


def _end(found: tuple[int, ...]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + _GRACE
        while time.monotonic() < deadline and any(Path(f"/proc/{pid}").exists() for pid in found):
            time.sleep(0.1)


def sweep() -> tuple[str, ...]:
    """Remove whatever of the lab still stands and return what could not be removed."""
    log = logs() / "clean-lab.log"
    if found := processes():
        _end(found)
    for argv in (
        *(["umount", "--lazy", point] for point in mounts()),
        *(["ip", "netns", "delete", name] for name in namespaces()),
        *(["ip", "link", "delete", name] for name in _links()),
    ):
        with suppress(SetupError):
            programs.run(argv, log, 30)
    if not mounts():
        shutil.rmtree(state() / "lab", ignore_errors=True)
        for site in rehearsed():
            _forget(site)
    return (*mounts(), *namespaces(), *_links())


def rehearsed() -> tuple[str, ...]:
    """Return the sites whose API is the lab's, on loopback. A real site's keys, reports and stack are never touched."""
    found = []
    for file in (state() / "sites").glob("*/endpoint.json"):
        with suppress(OSError, ValueError, KeyError):
            if json.loads(file.read_text())["url"].startswith("https://127.0.0.1:"):
                found.append(file.parent.name)
    return tuple(sorted(found))


def _forget(site: str) -> None:
    """Remove what is kept of a rehearsed site: its folder, and its stack in the file backend."""
    shutil.rmtree(state() / "sites" / site, ignore_errors=True)
    for path in (state() / "stacks" / ".pulumi").rglob(f"{site}*"):
        if path.name.split(".")[0] == site:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _links() -> tuple[str, ...]:
    return tuple(sorted(link.name for link in Path("/sys/class/net").glob(f"{prefix()}*")))


def main() -> int:
    """Let the lab remove itself, then sweep up what is left."""
    python = VENV / "bin" / "python"
    if python.exists():
        programs.follow([python, "-m", "provisioner.cli.main", "lab", "down", "--erase"])
    left = sweep()
    for name in left:
        print(f"clean-lab: {name} could not be removed (hint: see {logs() / 'clean-lab.log'})", file=sys.stderr)
    print("clean-lab: nothing of the lab is left" if not left else "clean-lab: not all was removed")
    return 3 if left else 0


if __name__ == "__main__":
    sys.exit(main())
