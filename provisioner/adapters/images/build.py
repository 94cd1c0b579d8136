"""Build an image: packages, tree, gate, disk. Published by its hash, or not at all."""

from __future__ import annotations

import fcntl
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from provisioner.adapters.images import disk, gate, packages, tree
from provisioner.adapters.images.image import Image, find, home, publish
from provisioner.adapters.images.packages import Deb
from provisioner.adapters.images.recipe import Recipe, fingerprint, read
from provisioner.adapters.images.tree import Work
from provisioner.errors import FindingError, OutsideError, Problem, raise_all

Tell = Callable[[str], None]
_log = logging.getLogger(__name__).info


def build(name: str, tell: Tell = _log, *, force: bool = False, lock: Path | None = None) -> Image:
    """Return the image of the recipe as it is now; build it if it is not there, or if `force`d.

    With a `lock` its packages are installed, out of the cache; else those that the mirrors give today.
    """
    recipe, built_from = read(name), fingerprint(name)
    with _alone(name, tell) as folder:
        kept = find(name)
        if kept is not None and not force:
            tell(f"image {name}: {kept.path.name} is built already")
            return kept
        work = Work(folder=folder, log=home(name) / "build.log")
        work.log.unlink(missing_ok=True)
        debs = packages.read_lock(lock) if lock else _resolve(name, recipe, work, tell)
        return publish(name, built_from, _make(name, recipe, debs, work, tell), recipe.disk_size, debs)


def rebuild(name: str, lock: Path, folder: Path, tell: Tell = _log) -> Path:
    """Build an image from a lock into an empty folder, publish nothing, and return its qcow2."""
    work = Work(folder=folder, log=folder / "build.log")
    return _make(name, read(name), packages.read_lock(lock), work, tell)


@contextmanager
def _alone(name: str, tell: Tell) -> Iterator[Path]:
    """Hold the image's lock and yield an empty work folder, which goes away at the end; one left by a kill goes now."""
    home(name).mkdir(parents=True, exist_ok=True)
    with (home(name) / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell(f"image {name}: another build is at work; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        work = home(name) / "work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _step(name: str, what: str, about: str, tell: Tell) -> Iterator[None]:
    tell(f"image {name}: {what} ({about})")
    started = monotonic()
    yield
    tell(f"image {name}: {what}: {monotonic() - started:.1f} s")


def _resolve(name: str, recipe: Recipe, work: Work, tell: Tell) -> tuple[Deb, ...]:
    with _step(name, "fetch Debian packages", f"10 s to 2 minutes; log: {work.log}", tell):
        return packages.resolve(recipe, work.folder / "apt", work.log)


def _make(name: str, recipe: Recipe, debs: tuple[Deb, ...], work: Work, tell: Tell) -> Path:
    with _step(name, f"install {len(debs)} packages", f"1 to 3 minutes; log: {work.log}", tell):
        tree.bootstrap(name, recipe, packages.repository(debs, work.folder / "repository"), work)
        raise_all(OutsideError, _differences(debs, work))
    with _step(name, "look for secrets and identities", "seconds", tell):
        raise_all(FindingError, gate.problems(work.tree))
    with _step(name, "make the disk", "10 seconds", tell):
        raw = disk.assemble(recipe, work)
    with _step(name, "compress", "10 seconds", tell):
        return disk.compress(recipe, work, raw)


def _differences(debs: tuple[Deb, ...], work: Work) -> Iterator[Problem]:
    wanted, found = {deb.name: deb.version for deb in debs}, tree.installed(work.tree)
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            yield Problem(where=f"package {name}", what=f"locked is {wanted.get(name)}, installed is {found.get(name)}")
