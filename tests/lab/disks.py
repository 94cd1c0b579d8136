"""A folder on a small disk of its own, for tests that fill it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from provisioner import command


@contextmanager
def small(folder: Path, size: str) -> Iterator[Callable[[str], object]]:
    """Give a folder a disk of its own; the yielded function changes its size."""
    if os.geteuid() != 0:
        pytest.skip("a small disk needs root")
    folder.mkdir(parents=True)
    command.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", folder])
    try:
        yield lambda wanted: command.run(["mount", "-o", f"remount,size={wanted}", folder])
    finally:
        command.run(["umount", folder], command.Run(timeout=timedelta(seconds=10)))


def fill(file: Path) -> None:
    """Write a file until its disk is full."""
    with file.open("wb", buffering=0) as sink:
        try:
            while True:
                sink.write(bytes(1024))
        except OSError:
            return
