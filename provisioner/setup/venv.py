"""The virtual environment `.venv`, from the lock with hashes."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from provisioner.setup import programs
from provisioner.setup.layout import CHECKOUT, LOCK, VENV, cache

_STAMP = VENV / ".teranga-lock"
_OPEN = VENV / ".teranga-installing"  # there while an installation runs: found at a start, the last one was killed
_SECONDS = 1800


def fingerprint() -> str:
    """Return what the environment is made from: the lock, the project, its own path (scripts hold it)."""
    parts = (LOCK.read_bytes(), (CHECKOUT / "pyproject.toml").read_bytes(), str(VENV).encode(), sys.version.encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def done() -> bool:
    """Tell whether the environment is complete."""
    return _STAMP.exists() and _STAMP.read_text() == fingerprint() and (VENV / "bin" / "python").exists()


def make(log: Path) -> None:
    """Make or complete the environment."""
    if _OPEN.exists() or programs.read([VENV / "bin" / "python", "-m", "pip", "--version"], 60) is None:
        programs.run([sys.executable, "-m", "venv", "--clear", VENV], log, _SECONDS)
    _OPEN.touch()
    pip: list[str | Path] = [VENV / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check", "--cache-dir", cache() / "pip"]
    programs.run([*pip, "--require-hashes", "--only-binary", ":all:", "-r", LOCK], log, _SECONDS)
    programs.run([*pip, "--no-index", "--no-deps", "--no-build-isolation", "--editable", CHECKOUT], log, _SECONDS)
    fresh = _STAMP.with_suffix(".new")
    fresh.write_text(fingerprint())
    fresh.replace(_STAMP)
    _OPEN.unlink()
