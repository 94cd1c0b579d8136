"""What no file shows alone: numbers used twice, references to nothing, nodes too small."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from provisioner.errors import Problem
from provisioner.load.capacity import capacity_problems
from provisioner.load.devices import device_problems
from provisioner.load.fibre import fibre_problems
from provisioner.load.folder import Folder
from provisioner.load.numbering import numbering_problems
from provisioner.load.references import reference_problems

_RULES: tuple[Callable[[Folder], Iterator[Problem]], ...] = (
    numbering_problems,
    reference_problems,
    device_problems,
    capacity_problems,
    fibre_problems,
)


def problems_across(folder: Folder) -> Iterator[Problem]:
    """Yield every problem between files; broken files are left out, their problems are known already."""
    for rule in _RULES:
        yield from rule(folder)
