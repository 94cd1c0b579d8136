"""Make a bundle: the plan, the inventory and code it comes from, the images, the hubs' public keys; no secret."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from provisioner import places
from provisioner.adapters import images
from provisioner.adapters.images import image as kept
from provisioner.centre import peers
from provisioner.centre.bundle import container
from provisioner.centre.desired import plan
from provisioner.errors import FindingError, Problem, TerangaError, raise_all
from provisioner.plan import to_json
from provisioner.plan.plan import Plan, SiteKind
from provisioner.setup.layout import ENGINE_VERSION, PLUGIN_VERSION

PLAN, PEERS, SOURCE, IMAGES = "plan.json", "peers.json", "source", "images"
_CODE = ("playbooks", "provisioner", "roles", "stacks")
_FILES = ("pyproject.toml", "requirements.lock")
_BUILT = ("engine/bin",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A bundle that was made. `size` in bytes; `hubs`: whether it holds the hubs' keys."""

    file: Path
    manifest: container.Manifest
    size: int
    hubs: bool


def requirements(root: Path) -> str:
    """Return the SHA-256 of the Python packages' lock of a source tree."""
    return hashlib.sha256((root / "requirements.lock").read_bytes()).hexdigest()


def _images(wanted: Plan) -> dict[str, Path]:
    """Return the files of the images that the guests start from, by their path in the bundle."""
    names = sorted({guest.image for guest in wanted.guests})
    found = {name: images.find(name) for name in names}
    raise_all(
        FindingError,
        [
            Problem(where=f"image {name}", what="it is not built", hint=f"run `teranga image build {name}`")
            for name, one in found.items()
            if one is None
        ],
    )
    files = {}
    for name, one in found.items():
        if one is not None:
            for file in (one.path, one.lock, kept.home(name) / f"{one.built_from[:16]}.json"):
                files[f"{IMAGES}/{name}/{file.name}"] = file
    return files


def _hub_keys(wanted: Plan, tell: Callable[[str], None]) -> dict[str, str]:
    """Return the hubs' public keys: read now, else those that are known; for a hub the known ones of its centres."""
    if wanted.kind is SiteKind.HUB:
        return peers.known(wanted.site)
    try:
        return peers.of_hubs(wanted, {hub: plan(hub) for hub in wanted.hubs})
    except TerangaError as error:
        known = {tunnel.id: key for tunnel in wanted.tunnels if (key := peers.known(wanted.site).get(tunnel.id))}
        tell(f"{wanted.site}: the hubs were not asked: {error.problems[0].what}; {len(known)} of {len(wanted.tunnels)} keys are known")
        return known


def make(site: str, target: Path, key: Path, tell: Callable[[str], None]) -> Made:
    """Make and sign the bundle of a site."""
    wanted = plan(site)
    sources = _images(wanted) | container.tree(places.inventory(), f"{SOURCE}/inventory")
    for name in _CODE:
        sources |= container.tree(places.CHECKOUT / name, f"{SOURCE}/{name}", _BUILT)
    sources |= {f"{SOURCE}/{name}": places.CHECKOUT / name for name in _FILES}
    keys = _hub_keys(wanted, tell)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="teranga-") as folder:
        for name, text in ((PLAN, to_json(wanted)), (PEERS, json.dumps(keys, indent=1, sort_keys=True) + "\n")):
            sources[name] = Path(folder, name)
            sources[name].write_text(text, encoding="utf-8")
        manifest = container.Manifest(
            site=site,
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            plan_hash=wanted.hash,
            engine=ENGINE_VERSION,
            plugin=PLUGIN_VERSION,
            requirements=requirements(places.CHECKOUT),
            files=tuple(container.entry(path, sources[path]) for path in sorted(sources)),
        )
        container.write(target, manifest, sources, key)
    return Made(
        file=target, manifest=manifest, size=target.stat().st_size, hubs=wanted.kind is SiteKind.HUB or len(keys) == len(wanted.tunnels)
    )
