"""A folder of rendered files: written if they differ, and removed once nothing renders them. A stranger's file is never touched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from provisioner import places
from provisioner.errors import FindingError, Problem

_LIST = ".rendered.json"  # what this folder holds of ours
_MODE = 0o644  # other users' programs read it; no secret is rendered


class Settled(NamedTuple):
    """Names that were written and removed, in order."""

    written: tuple[str, ...]
    removed: tuple[str, ...]


def settle(folder: Path, wanted: Mapping[str, str]) -> Settled:
    """Make the folder hold these files of ours (name under it -> text) and no others of ours."""
    before = _before(folder)
    places.write(folder / _LIST, json.dumps(sorted(before | wanted.keys())) + "\n", _MODE)  # first: a cut leaves no orphan
    written = tuple(name for name in sorted(wanted) if _write(folder / name, wanted[name]))
    removed = tuple(sorted(before - wanted.keys()))
    for name in removed:
        _remove(folder, name)
    places.write(folder / _LIST, json.dumps(sorted(wanted)) + "\n", _MODE)
    return Settled(written, removed)


def _before(folder: Path) -> frozenset[str]:
    file = folder / _LIST
    if not file.exists():
        return frozenset()
    try:
        names = json.loads(file.read_text(encoding="utf-8"))
        inside = [str(name) for name in names if (folder / str(name)).resolve().is_relative_to(folder.resolve())]
    except (ValueError, TypeError) as error:
        raise FindingError(
            Problem(where=str(file), what=f"is no list of rendered files: {error}", hint="render into an empty folder")
        ) from error
    return frozenset(inside)


def _write(file: Path, text: str) -> bool:
    try:
        if file.read_text(encoding="utf-8") == text:
            return False
    except (FileNotFoundError, UnicodeDecodeError):
        pass
    file.parent.mkdir(parents=True, exist_ok=True)
    places.write(file, text, _MODE)
    return True


def _remove(folder: Path, name: str) -> None:
    """Remove a file and the folders that it leaves empty."""
    file = folder / name
    file.unlink(missing_ok=True)
    for parent in file.parents:
        if parent == folder or not parent.is_dir() or any(parent.iterdir()):
            return
        parent.rmdir()
