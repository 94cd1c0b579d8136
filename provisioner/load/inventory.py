"""A folder of YAML files as one inventory, or every problem of it at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from provisioner.errors import InventoryError, Problem, raise_all
from provisioner.load.cross import problems_across
from provisioner.load.folder import Entry, Folder, read
from provisioner.model import Fibre, Inventory

Model = TypeVar("Model", bound=BaseModel)


def load(folder: Path, cache: Path | None = None) -> Inventory:
    """Return the inventory in `folder`; raise InventoryError with every problem of every file.

    `cache` is a folder where the values of files that stay the same are kept.
    """
    return of_folder(read(folder, cache))


def of_folder(read_folder: Folder) -> Inventory:
    """Return the inventory in a folder that was read; raise InventoryError with every problem of every file."""
    problems = (*read_folder.problems, *problems_across(read_folder))
    raise_all(InventoryError, sorted(problems, key=_by_place))
    if read_folder.national is None:
        raise AssertionError(read_folder.root)
    return Inventory(
        national=read_folder.national.model,
        profiles=_models(read_folder.profiles),
        services=_models(read_folder.services),
        sites=_models(read_folder.sites),
        images=read_folder.images,
        countries=_models(read_folder.countries),
        communes=read_folder.communes,
        fibre=read_folder.fibre.model if read_folder.fibre else Fibre(),
    )


def _by_place(problem: Problem) -> tuple[str, int, int]:
    """Order problems as a reader meets them: by file, line and column."""
    file, _, place = problem.where.partition(".yml:")
    line, _, column = place.partition(":")
    return (file, int(line), int(column)) if column else (problem.where, 0, 0)


def _models(entries: Mapping[str, Entry[Model]]) -> dict[str, Model]:
    return {name: entries[name].model for name in sorted(entries)}
