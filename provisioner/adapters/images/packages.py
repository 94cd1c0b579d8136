"""Debian packages of an image: chosen by apt from the mirrors, kept in the cache, pinned by a lock.

A build never installs from a mirror: it installs from a repository made of exactly the locked files, so a lock with its
cache gives the same tree again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from provisioner import command, places
from provisioner.adapters.images.recipe import Recipe
from provisioner.errors import FindingError, Problem, raise_all

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_LONG = timedelta(minutes=30)
WITH_US = ("setpriv", "--pdeathsig", "KILL")  # ends with this process, however that dies


@dataclass(frozen=True, slots=True, kw_only=True)
class Deb:
    """One package of a lock; `file` is its name in the cache."""

    name: str
    version: str
    sha256: str
    file: str


def cache() -> Path:
    """Return the folder of downloaded packages."""
    return places.cache() / "deb"


def resolve(recipe: Recipe, folder: Path, log: Path) -> tuple[Deb, ...]:
    """Return what the mirrors of today give for the recipe; each file is in the cache afterwards.

    `folder` is scratch space. apt checks the archive's signatures and each file's hash.
    """
    options = _apt_options(recipe, folder)
    wanted = ("?essential", *recipe.packages)
    how = command.Run(timeout=_LONG, log=log)
    command.run((*WITH_US, "apt-get", *options, "-q", "update"), how)
    command.run((*WITH_US, "apt-get", *options, "-q", "-y", "--download-only", "install", *wanted), how)
    empty = folder / "empty"
    (empty / "partial").mkdir(parents=True)
    listing = command.run(("apt-get", *options, "-o", f"Dir::Cache::archives={empty}", "-qq", "-y", "--print-uris", "install", *wanted))
    files = sorted(line.split()[1] for line in listing.stdout.splitlines() if line.startswith("'"))
    return tuple(_deb(file) for file in files)


def _apt_options(recipe: Recipe, folder: Path) -> tuple[str, ...]:
    """Return options that keep apt away from the host's lists, status and preferences."""
    kept = cache() / "apt"
    for needed in (kept / "lists/partial", cache() / "partial", folder):
        needed.mkdir(parents=True, exist_ok=True)
    sources, status = folder / "sources.list", folder / "status"
    status.touch()
    sources.write_text("".join(line.replace("deb ", f"deb [signed-by={_KEYRING}] ", 1) + "\n" for line in recipe.mirrors))
    settings = {
        "Dir::State": kept,
        "Dir::State::status": status,
        "Dir::Cache": kept,
        "Dir::Cache::archives": cache(),
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::Etc::Preferences": "/dev/null",
        "Dir::Etc::PreferencesParts": "/dev/null",
        "Acquire::Languages": "none",
        "Acquire::Retries": 3,
        "Acquire::http::Timeout": 30,
        "APT::Sandbox::User": "root",
        "APT::Install-Recommends": "false",
    }
    return tuple(word for key, value in settings.items() for word in ("-o", f"{key}={value}"))


def _deb(file: str) -> Deb:
    path = cache() / file
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    fields = command.run(("dpkg-deb", "--show", "--showformat=${Package} ${Version}", path)).stdout.split()
    return Deb(name=fields[0], version=fields[1], sha256=digest, file=file)


def read_lock(lock: Path) -> tuple[Deb, ...]:
    """Return the packages of a lock."""
    return tuple(Deb(**fields) for fields in json.loads(lock.read_text()))


def repository(debs: Iterable[Deb], folder: Path) -> str:
    """Make a repository of exactly these files and return its line for apt.

    Raises FindingError with every file that is missing in the cache or is not what the lock says.
    """
    chosen = tuple(debs)
    raise_all(FindingError, (problem for deb in chosen for problem in _problems(deb)))
    folder.mkdir()
    (folder / "Packages").write_text("\n".join(_stanza(deb, folder) for deb in chosen))
    return f"deb [trusted=yes] copy:{folder} ./"


def _problems(deb: Deb) -> tuple[Problem, ...]:
    path = cache() / deb.file
    hint = "build without the lock, with a network, to fetch the packages of today"
    if not path.exists():
        return (Problem(where=str(path), what="is in the lock and not in the cache", hint=hint),)
    with path.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != deb.sha256:
        return (Problem(where=str(path), what=f"its SHA-256 is {found}, the lock says {deb.sha256}", hint=hint),)
    return ()


def _stanza(deb: Deb, folder: Path) -> str:
    path, link = cache() / deb.file, folder / f"{deb.name}.deb"  # a colon of an epoch would have to be escaped
    os.link(path, link)
    control = command.run(("dpkg-deb", "--field", path)).stdout.rstrip("\n")
    return f"{control}\nFilename: ./{link.name}\nSize: {path.stat().st_size}\nSHA256: {deb.sha256}\n"
