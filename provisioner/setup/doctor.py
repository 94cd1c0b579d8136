"""What is there, what is missing, and the remedy: everything at once."""

from __future__ import annotations

import os
import platform
import shutil
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from provisioner.setup import debian, engine, golang, kernel, programs, venv
from provisioner.setup.layout import OLDEST_GO, VENV, SetupError, cache, state

OK, NOTE, SETUP, MISSING = "ok", "note", "set-up", "missing"  # SETUP: the set-up will do it
_GIB = 2**30
_DISK_GIB = 12  # Go's caches 5, image and its work 3, guests' overlays and stacks 2, the rest to breathe
_WARM_DISK_GIB = 5
_MEMORY_GIB = 4  # a centre, a hub and the engine: measured 2.1
_API_PORT = 8006


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line: what was looked at, how it stands, what was seen, and the remedy."""

    what: str
    status: str
    seen: str
    remedy: str = ""

    def __str__(self) -> str:
        """Return the line."""
        return f"{self.status:8} {self.what}: {self.seen}" + (f" (hint: {self.remedy})" if self.remedy else "")


def _found(what: str, good: bool, seen: str, remedy: str, bad: str = MISSING) -> Finding:
    return Finding(what=what, status=OK if good else bad, seen=seen, remedy="" if good else remedy)


def _rights() -> Iterator[Finding]:
    yield _found("rights", os.geteuid() == 0, f"user {os.geteuid()}", "run as root: namespaces, mounts and packages need it")


def _machine() -> Iterator[Finding]:
    release = _release()
    name = release.get("PRETTY_NAME", "unknown")
    good = release.get("ID") == "debian" and release.get("VERSION_ID") == "12"
    yield _found("system", good, name, "Teranga is tested on Debian 12 only", NOTE)
    yield _found("processor", platform.machine() == "x86_64", platform.machine(), "an x86-64 machine is needed")
    python = platform.python_version()
    yield _found("Python", python.startswith("3.11."), python, "apt-get install python3.11")
    for name in ("git", "make"):
        path = shutil.which(name)
        yield _found(name, path is not None, path or "not found", f"apt-get install {name}")


def _release() -> dict[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


def _disk() -> Iterator[Finding]:
    needed = _WARM_DISK_GIB if golang.built(golang.BRIDGE) else _DISK_GIB
    for name, folder in (("disk of the cache", cache()), ("disk of the state", state())):
        there = next(place for place in (folder, *folder.parents) if place.exists())
        free = shutil.disk_usage(there).free / _GIB
        remedy = f"{needed} GiB are needed; move it with TERANGA_{name.split()[-1].upper()}"
        yield _found(name, free >= needed, f"{free:.0f} GiB free in {folder}", remedy)


def _memory() -> Iterator[Finding]:
    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    free = int(fields["MemAvailable"].split()[0]) * 1024 / _GIB
    yield _found("memory", free >= _MEMORY_GIB, f"{free:.1f} GiB available", f"{_MEMORY_GIB} GiB are needed")


def _kernel() -> Iterator[Finding]:
    if os.geteuid() != 0:
        yield Finding(what="kernel", status=NOTE, seen="not tried", remedy="run as root")
        return
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(kernel.works, kernel.FEATURES))
    for feature, works in zip(kernel.FEATURES, results, strict=True):
        if works:
            yield Finding(what="kernel", status=OK, seen=feature.name)
        else:
            seen = f"no {feature.name}" + (f": {feature.without}" if feature.without else "")
            remedy = "" if feature.without else "use a kernel with it; inside a container, allow it"
            yield Finding(what="kernel", status=NOTE if feature.without else MISSING, seen=seen, remedy=remedy)


def _ports() -> Iterator[Finding]:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", _API_PORT))
        except OSError:
            yield Finding(what="port", status=NOTE, seen=f"{_API_PORT} on loopback is taken: a lab runs, or the next free one is used")
            return
    yield Finding(what="port", status=OK, seen=f"{_API_PORT} on loopback is free")


def _packages() -> Iterator[Finding]:
    missing = debian.missing()
    seen = f"missing {' '.join(missing)}" if missing else f"all {len(debian.PACKAGES)} there"
    yield _found("Debian packages", not missing, seen, "the set-up installs them; no daemon starts", SETUP)


def _environment() -> Iterator[Finding]:
    remedy = "the set-up makes it from requirements.lock"
    yield _found("virtual environment", venv.done(), str(VENV) if venv.done() else "missing or out of date", remedy, SETUP)


def _engine() -> Iterator[Finding]:
    if engine.done():
        yield Finding(what="engine", status=OK, seen=_said(engine.pulumi_root() / "bin" / "pulumi", "version"))
        plugin = engine.plugin_dir()
        yield Finding(
            what="plugin", status=OK, seen=f"proxmoxve {_said(plugin / 'pulumi-resource-proxmoxve', '-version')} in {plugin.resolve()}"
        )
        return
    for what, words in zip(("engine", "plugin"), engine.plan(), strict=True):
        ready = "none:" not in words
        yield Finding(what=what, status=SETUP if ready else MISSING, seen=words, remedy="" if ready else "see Go")
    go = golang.find()
    seen = golang.version(go) if go else "not found"
    yield _found(
        "Go", go is not None, seen, f"unpack version {OLDEST_GO[0]}.{OLDEST_GO[1]} or newer from https://go.dev/dl into /usr/local/go"
    )


def _said(program: Path, argument: str) -> str:
    env = programs.environment(PULUMI_SKIP_UPDATE_CHECK="true")
    return f"{(programs.read([program, argument], env=env) or 'does not run').strip()}"


PARTS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _rights,
    _machine,
    _disk,
    _memory,
    _packages,
    _kernel,
    _ports,
    _environment,
    _engine,
)


def examine() -> tuple[Finding, ...]:
    """Look at everything and return every finding."""
    return tuple(finding for part in PARTS for finding in part())


def require() -> None:
    """Raise SetupError with everything that is missing and that the set-up cannot mend itself."""
    missing = [str(finding) for finding in examine() if finding.status == MISSING]
    if missing:
        raise SetupError("\n".join(missing))
