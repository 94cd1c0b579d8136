"""A built image and its manifest in the cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from provisioner import places
from provisioner.adapters.images.packages import Deb
from provisioner.adapters.images.recipe import fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A built image. Sizes in bytes; `packages` maps each Debian package to its version."""

    name: str
    path: Path  # teranga-<name>-<12 hex digits of its SHA-256>.qcow2
    sha256: str
    size: int
    virtual_size: int
    built_from: str  # fingerprint of recipe and overlay
    packages: Mapping[str, str]

    @property
    def lock(self) -> Path:
        """Return the file with name, version and SHA-256 of every package: from it the same bytes can be built again."""
        return self.path.with_suffix(".lock")


def home(name: str) -> Path:
    """Return the folder of all builds of an image."""
    return places.images() / name


def _manifest(name: str, built_from: str) -> Path:
    return home(name) / f"{built_from[:16]}.json"


def _load(manifest: Path) -> Image | None:
    try:
        fields = json.loads(manifest.read_text())
    except FileNotFoundError:
        return None
    image = Image(**(fields | {"path": manifest.parent / fields["path"]}))
    return image if image.path.exists() else None


def find(name: str) -> Image | None:
    """Return the image built from the recipe as it is now, or None."""
    return _load(_manifest(name, fingerprint(name)))


def every(name: str) -> tuple[Image, ...]:
    """Return all images of that name in the cache, newest first."""
    manifests = sorted(home(name).glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    return tuple(image for image in map(_load, manifests) if image is not None)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def publish(name: str, built_from: str, packed: Path, virtual_size: int, debs: Iterable[Deb]) -> Image:
    """Move a finished qcow2 to its place in the cache, its lock beside it, and write its manifest last."""
    digest = sha256(packed)
    locked = sorted(debs, key=lambda deb: deb.name)
    image = Image(
        name=name,
        path=home(name) / f"teranga-{name}-{digest[:12]}.qcow2",
        sha256=digest,
        size=packed.stat().st_size,
        virtual_size=virtual_size,
        built_from=built_from,
        packages={deb.name: deb.version for deb in locked},
    )
    packed.replace(image.path)
    _write(image.lock, [asdict(deb) for deb in locked])
    _write(_manifest(name, built_from), asdict(image) | {"path": image.path.name})
    return image


def _write(path: Path, content: object) -> None:
    places.write(path, json.dumps(content, indent=1) + "\n", 0o644)
