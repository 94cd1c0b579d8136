"""What an image is made from: its recipe, its overlay, and one hash of both."""

from __future__ import annotations

import hashlib
from pathlib import Path
from uuid import UUID

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from provisioner import places
from provisioner.errors import FindingError, Problem

_UNITS = {"MiB": 2**20, "GiB": 2**30}


class Recipe(BaseModel):
    """A recipe as it is written; `disk_size` is in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    suite: str
    epoch: int  # seconds since 1970: the time of every file
    disk_uuid: UUID
    root_uuid: UUID
    disk_size: int
    mirrors: tuple[str, ...]
    packages: tuple[str, ...]
    disabled: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()

    @field_validator("disk_size", mode="before")
    @classmethod
    def _bytes(cls, value: object) -> object:
        text = str(value)
        for unit, size in _UNITS.items():
            if text.endswith(unit):
                return int(text.removesuffix(unit)) * size
        return value


def folder(name: str) -> Path:
    """Return the folder of an image's recipe and overlay."""
    return places.inventory() / "images" / name


def read(name: str) -> Recipe:
    """Return the recipe of an image; raise FindingError with every mistake in it."""
    file = folder(name) / "recipe.yml"
    if not file.exists():
        known = ", ".join(sorted(path.parent.name for path in places.inventory().glob("images/*/recipe.yml")))
        raise FindingError(Problem(where=str(file), what=f"there is no image {name!r}", hint=f"known: {known}"))
    try:
        return Recipe.model_validate(yaml.safe_load(file.read_text()))
    except ValidationError as error:
        problems = (Problem(where=f"{file}: {'.'.join(str(part) for part in one['loc'])}", what=one["msg"]) for one in error.errors())
        raise FindingError(*problems) from error


def fingerprint(name: str) -> str:
    """Return the SHA-256 over the recipe, the overlay (names, modes, bytes) and the code that builds."""
    digest = hashlib.sha256()
    code = sorted(Path(__file__).parent.glob("*.py"))
    for path in (*sorted(folder(name).rglob("*")), *code):
        if path.is_file():
            digest.update(f"{path.name}\0{path.stat().st_mode & 0o777:o}\0{len(path.read_bytes())}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
