"""`teranga bundle`: one signed file with which a laptop stands a site up without a network."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.cli.speak import say

if TYPE_CHECKING:
    from provisioner.centre.bundle.container import Manifest

_WORDS = ("verify", "apply")


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    bundle = verbs.add_parser(
        "bundle",
        help="make, verify or apply a signed offline bundle",
        description="teranga bundle CENTRE --out FILE --key KEY | teranga bundle verify FILE | teranga bundle apply FILE",
    )
    bundle.add_argument("what", metavar="CENTRE|verify|apply", help="site whose bundle is made, or what is done with a bundle")
    bundle.add_argument("file", metavar="FILE", nargs="?", type=Path, help="the bundle to verify or apply")
    bundle.add_argument("--out", metavar="FILE", type=Path, help="where the bundle is written")
    bundle.add_argument("--key", type=Path, help="the operator's Ed25519 key (or its .pub, if an agent holds the key)")
    bundle.add_argument("--trust", type=Path, help="the pinned public key (default: trust/bundle.pub in the state folder)")
    bundle.add_argument("--infrastructure", action="store_true", help="apply: stop once the guests answer")
    bundle.add_argument("--json", action="store_true", help="verify: print the manifest as JSON")
    bundle.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make, verify or apply."""
    from provisioner.centre.bundle.apply import apply, pinned_key, verify

    if arguments.what not in _WORDS:
        return _make(arguments)
    if arguments.file is None:
        raise _refuse("bundle", f"{arguments.what} needs the bundle's file", f"teranga bundle {arguments.what} FILE")
    trust = arguments.trust or pinned_key()
    if arguments.what == "apply":
        apply(arguments.file, trust, say, infrastructure=arguments.infrastructure)
        return 0
    return _show(verify(arguments.file, trust), arguments)


def _refuse(where: str, what: str, hint: str) -> Exception:
    from provisioner.errors import Problem, UsageError

    return UsageError(Problem(where=where, what=what, hint=hint))


def _make(arguments: argparse.Namespace) -> int:
    from provisioner.centre.bundle.make import make

    if arguments.out is None or arguments.key is None or arguments.file is not None:
        raise _refuse("bundle", "say where to write it and who signs", f"teranga bundle {arguments.what} --out FILE --key KEY")
    made = make(arguments.what, arguments.out, arguments.key, say)
    say(f"{made.file}: {made.size / 2**20:.0f} MiB, {len(made.manifest.files)} files, plan {made.manifest.plan_hash[:12]}")
    if not made.hubs:
        say("the hubs' keys are not all in it: tunnels wait for an `up` from where the hubs can be reached")
    return 0


def _show(manifest: Manifest, arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    if arguments.json:
        say(json.dumps(asdict(manifest), indent=2))
        return 0
    say(f"{arguments.file}: whole, and signed by the pinned key")
    say(f"  site {manifest.site}, made {manifest.made}, plan {manifest.plan_hash[:12]}, {len(manifest.files)} files")
    say(f"  engine {manifest.engine}, plugin {manifest.plugin}")
    return 0
