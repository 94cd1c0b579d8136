"""Which image a guest's disk was imported from: a note beside the disk, for drivers that share one image between guests.

`origin_of(disk)` gives the SHA-256 of the imported file; the disk itself may have been grown since, its content is the guest's own.
"""

from __future__ import annotations

import hashlib
from pathlib import Path


def _note_of(disk: Path) -> Path:
    return disk.with_name(f".{disk.name}.origin")


def _sum_file(image: Path) -> Path:
    return image.with_name(f".{image.name}.sha256")


def _sum_of(source: Path) -> str:
    """Return the SHA-256 of an image, remembered beside it until it changes."""
    stat = source.stat()
    stamp = f"{stat.st_size} {stat.st_mtime_ns}"
    kept = _sum_file(source)
    if kept.exists():
        digest, _, of = kept.read_text().partition(" ")
        if of == stamp:
            return digest
    with source.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    kept.write_text(f"{digest} {stamp}")
    return digest


def note(source: Path, disk: Path) -> None:
    """Write beside a disk which image it was imported from."""
    _note_of(disk).write_text(_sum_of(source))


def follow(source: Path, disk: Path) -> None:
    """Write beside a copy of a disk which image the first was imported from, if it was."""
    if _note_of(source).exists():
        _note_of(disk).write_text(_note_of(source).read_text())


def origin_of(disk: Path) -> str | None:
    """Return the SHA-256 of the image a disk was imported from, or None if it was not imported."""
    file = _note_of(disk)
    return file.read_text() if file.exists() else None


def forget(disk: Path) -> None:
    """Remove what is noted beside a disk or an image that is deleted."""
    _note_of(disk).unlink(missing_ok=True)
    _sum_file(disk).unlink(missing_ok=True)
