"""What an image is made from: its recipe, its overlay, and one hash of both."""

from __future__ import annotations

import hashlib
from pathlib import Path
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator
from ruamel.yaml import YAML

from provisioner import places
from provisioner.errors import FindingError, Problem

_FORMAT = 3  # raise it when a change of the code changes the bytes of an image
_UNITS = {"MiB": 2**20, "GiB": 2**30}


class Recipe(BaseModel):
    """A recipe as it is written; `disk_size` is in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    extends: str | None = None  # the image whose recipe and overlay this one adds to
    suite: str
    epoch: int  # seconds since 1970: no file is younger
    disk_uuid: UUID
    root_uuid: UUID
    disk_size: int
    mirrors: tuple[str, ...]
    packages: tuple[str, ...]
    disabled: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()  # patterns that dpkg does not unpack
    kept: tuple[str, ...] = ()  # exceptions of them
    removed: tuple[str, ...] = ()  # patterns under the root, taken out at the end

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
        return Recipe.model_validate(_whole(name))
    except ValidationError as error:
        problems = (Problem(where=f"{file}: {'.'.join(str(part) for part in one['loc'])}", what=one["msg"]) for one in error.errors())
        raise FindingError(*problems) from error


def _written(name: str) -> dict[str, object]:
    """Return a recipe as it is written; an empty one where there is no mapping: the model then says what is missing."""
    written = YAML(typ="safe").load((folder(name) / "recipe.yml").read_text())
    return dict(written) if isinstance(written, dict) else {}


def _whole(name: str) -> dict[str, object]:
    """Return a recipe over the one that it extends: its lists are added, its other values replace."""
    own = _written(name)
    base = bases(name)[:-1]
    whole = dict(_written(base[0])) if base else {}
    for key, value in own.items():
        before = whole.get(key)
        whole[key] = [*before, *value] if isinstance(before, list) and isinstance(value, list) else value
    return whole


def bases(name: str) -> tuple[str, ...]:
    """Return the images that an image is made of: the one it extends, if any, and itself."""
    extended = _written(name).get("extends")
    if extended is None:
        return (name,)
    if not (folder(str(extended)) / "recipe.yml").exists() or "extends" in _written(str(extended)):
        raise FindingError(
            Problem(
                where=str(folder(name) / "recipe.yml"),
                what=f"it extends {extended!r}, which is no image of its own",
                hint="name an image that extends none",
            )
        )
    return (str(extended), name)


def overlay(name: str) -> tuple[Path, ...]:
    """Return the files of an image's own overlay, in order."""
    return tuple(path for path in sorted((folder(name) / "overlay").rglob("*")) if path.is_file())


def executable(path: Path) -> bool:
    """Return whether a file's owner may run it: all that git keeps of a mode."""
    return bool(path.stat().st_mode & 0o100)


def fingerprint(name: str) -> str:
    """Return the SHA-256 over the recipe and the overlay: paths, executable or not, bytes."""
    digest = hashlib.sha256(f"format {_FORMAT}\n".encode())
    read(name)
    for part in bases(name):
        base = folder(part)
        for path in (base / "recipe.yml", *overlay(part)):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(base)} {executable(path)} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()
