"""Apply a bundle on a laptop: copy, check the signature, unpack, compare the plan, then `up` with the bundle's own code and inventory."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from provisioner import command, places
from provisioner.centre import peers
from provisioner.centre.bundle import container, signature
from provisioner.centre.bundle.make import IMAGES, PEERS, PLAN, SOURCE, requirements
from provisioner.centre.lock import site_lock
from provisioner.errors import FindingError, OutsideError, Problem
from provisioner.setup.layout import ENGINE_VERSION, PLUGIN_VERSION

_LONGEST_RUN = timedelta(hours=3)
Tell = Callable[[str], None]


def pinned_key() -> Path:
    """Return where the operator's public key is pinned unless another file is named."""
    return places.state() / "trust" / "bundle.pub"


def verify(file: Path, trust: Path) -> container.Manifest:
    """Return the manifest of a bundle; raise FindingError unless the pinned key signed every byte of it."""
    if not file.is_file():
        raise FindingError(Problem(where=str(file), what="there is no such file"))
    container.check(file, signature.pinned(trust))
    return container.manifest(file)


def _folder() -> Path:
    return places.state() / "bundles"


def _unpack(file: Path, trust: Path) -> tuple[Path, container.Manifest]:
    """Return the folder of an unpacked bundle. What is checked is a copy of our own: the original may change or go away meanwhile."""
    key = signature.pinned(trust)
    _folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    incoming, unpacked = _folder() / "incoming", _folder() / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    try:
        shutil.copyfile(file, incoming)
        try:
            container.check(incoming, key)
        except FindingError as error:
            raise FindingError(*(Problem(where=file.name, what=one.what, hint=one.hint) for one in error.problems)) from error
        unpacked.mkdir(mode=0o700)
        manifest = container.extract(incoming, unpacked)
    except BaseException:
        shutil.rmtree(unpacked, ignore_errors=True)
        raise
    finally:
        incoming.unlink(missing_ok=True)
    home = _folder() / f"{manifest.site}-{manifest.plan_hash[:12]}"
    shutil.rmtree(home, ignore_errors=True)
    unpacked.rename(home)
    return home, manifest


def _fits(manifest: container.Manifest, file: Path) -> None:
    """Raise FindingError unless this machine's engine and packages are those the bundle was made with."""
    here = (ENGINE_VERSION, PLUGIN_VERSION, requirements(places.CHECKOUT))
    if (manifest.engine, manifest.plugin, manifest.requirements) != here:
        raise FindingError(
            Problem(
                where=file.name,
                what=f"it was made with engine {manifest.engine}, plugin {manifest.plugin} and other packages than this machine has",
                hint="set this machine up from the same release before it leaves the network",
            )
        )


def _put_images(home: Path) -> int:
    """Copy the images into the cache, those that are there already left; return how many were new."""
    count = 0
    for file in sorted((home / IMAGES).glob("*/*")):
        target = places.images() / file.parent.name / file.name
        if target.exists() and target.stat().st_size == file.stat().st_size:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        new = target.with_name(f".{target.name}.new")
        shutil.copyfile(file, new)
        new.replace(target)
        count += 1
    return count


def _child(home: Path, *words: str) -> tuple[list[str | Path], command.Run]:
    """Return how the bundle's own command line is run, on this machine's state."""
    source = home / SOURCE
    env = command.environment(
        TERANGA_STATE=str(places.state()),
        TERANGA_CACHE=str(places.cache()),
        TERANGA_INVENTORY=str(source / "inventory"),
        PYTHONPATH=str(source),
        PYTHONDONTWRITEBYTECODE="1",
    )
    return [sys.executable, "-m", "provisioner.cli.main", *words], command.Run(env=env, cwd=source, timeout=_LONGEST_RUN)


def _same_plan(home: Path, manifest: container.Manifest) -> None:
    argv, how = _child(home, "plan", manifest.site, "--json")
    found, carried = command.run(argv, how).stdout.strip(), (home / PLAN).read_text(encoding="utf-8").strip()
    if found != carried or json.loads(carried)["hash"] != manifest.plan_hash:
        raise FindingError(
            Problem(
                where=manifest.site,
                what="the bundle's inventory does not give the plan that it carries",
                hint="make and sign the bundle anew",
            )
        )


def apply(file: Path, trust: Path, tell: Tell, *, infrastructure: bool = False) -> None:
    """Apply a bundle; raise FindingError before anything is done if it is not what the pinned key signed."""
    if not file.is_file():
        raise FindingError(Problem(where=str(file), what="there is no such file"))
    home, manifest = _unpack(file, trust)
    _fits(manifest, file)
    (home / SOURCE / ".venv").symlink_to(places.CHECKOUT / ".venv")
    tell(f"{manifest.site}: the bundle of {manifest.made} is whole and signed; plan {manifest.plan_hash[:12]}")
    _same_plan(home, manifest)
    tell(f"{manifest.site}: {_put_images(home)} image files put into the cache")
    with site_lock(manifest.site):
        peers.remember(manifest.site, json.loads((home / PEERS).read_text()))
    argv, how = _child(home, "up", manifest.site, "--infrastructure" if infrastructure else "--offline")
    status = command.lines(argv, tell, how)
    if status != 0:
        raise OutsideError(
            Problem(where=manifest.site, what=f"the bundle's `up` ended with {status}", hint="mend what it says and apply the bundle again")
        )
