"""What no file shows alone."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.errors import Problem
from provisioner.load.folder import Folder


def problems_across(folder: Folder) -> Iterator[Problem]:
    """Yield every problem between files."""
    yield from ()
