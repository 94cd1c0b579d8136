"""`make check`: style, types, contracts and spelling; two at a time, every failure shown."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from provisioner.setup import golang, programs
from provisioner.setup.layout import CHECKOUT, VENV, cache

_BIN = VENV / "bin"
_SECONDS = 600
_AT_ONCE = 2  # the smallest machine has two cores


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: a program that ends with 0 when all is well."""

    name: str
    argv: tuple[str | Path, ...]
    folder: Path = CHECKOUT
    remembered: str = ""  # what it depends on: not repeated while that is the same and it passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a check ended."""

    check: Check
    status: int
    said: str
    seconds: float


def checks() -> tuple[Check, ...]:
    """Return every check, the longest first."""
    found = [
        Check(name="mypy", argv=(_BIN / "mypy",)),
        Check(name="ansible-lint", argv=(_BIN / "ansible-lint", "--offline", "--strict", "-q", "roles", "playbooks")),
        Check(name="import-linter", argv=(_BIN / "lint-imports", "--no-logo")),
        Check(name="ruff", argv=(_BIN / "ruff", "check", ".")),
        Check(name="ruff format", argv=(_BIN / "ruff", "format", "--check", ".")),
        Check(name="yamllint", argv=(_BIN / "yamllint", "--strict", ".")),
        Check(name="codespell", argv=(_BIN / "codespell",)),
    ]
    if go := golang.find():
        argv = (go, "vet", "./...")
        found.append(Check(name="go vet", argv=argv, folder=golang.BRIDGE.folder, remembered=f"go-vet-{golang.BRIDGE.sources()}"))
        found.append(Check(name="gofmt", argv=(go.with_name("gofmt"), "-l", "-d", "."), folder=golang.BRIDGE.folder))
    return tuple(check for check in found if check.name != "ansible-lint" or (CHECKOUT / "roles").exists())


def _env() -> dict[str, str]:
    path = f"{_BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    go = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false -trimpath"}  # as the build: what is compiled is kept
    return programs.environment(**go, PATH=path, ANSIBLE_HOME=str(cache() / "ansible"), NO_COLOR="1")


def run(check: Check) -> Outcome:
    """Run one check, unless it passed on the same sources before."""
    memory = cache() / "passed" / hashlib.sha256(check.remembered.encode()).hexdigest()
    if check.remembered and memory.exists():
        return Outcome(check=check, status=0, said="", seconds=0.0)
    start = time.monotonic()
    done = subprocess.run(check.argv, check=False, capture_output=True, text=True, timeout=_SECONDS, cwd=check.folder, env=_env())
    said = done.stdout + done.stderr
    status = done.returncode or int(check.name == "gofmt" and bool(said))
    if check.remembered and status == 0:
        memory.parent.mkdir(parents=True, exist_ok=True)
        memory.touch()
    return Outcome(check=check, status=status, said=said, seconds=time.monotonic() - start)


def main() -> int:
    """Run every check and return 1 if one failed."""
    start = time.monotonic()
    failed = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for outcome in pool.map(run, checks()):
            word = "FAILED" if outcome.status else "ok"
            print(f"{word:7} {outcome.check.name} ({outcome.seconds:.1f} s)", flush=True)
            if outcome.status:
                failed.append(outcome.check.name)
                print(outcome.said.rstrip(), flush=True)
    print(f"check: {'failed: ' + ', '.join(failed) if failed else 'all passed'} ({time.monotonic() - start:.0f} s)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
