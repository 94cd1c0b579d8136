"""`teranga image`: build, list and show the images that guests start from."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.cli.speak import say

if TYPE_CHECKING:
    from provisioner.adapters.images import Image


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    image = verbs.add_parser("image", help="build, list and show images")
    actions = image.add_subparsers(dest="action", metavar="ACTION", required=True)
    build = actions.add_parser("build", help="build an image unless it is built already")
    build.add_argument("--force", action="store_true", help="build it even if it is there")
    build.add_argument("--lock", type=Path, metavar="FILE", help="install the packages of this lock (beside each image), from the cache")
    shown = actions.add_parser("show", help="show an image and its packages")
    for parser in (build, actions.add_parser("list", help="list built images"), shown):
        parser.add_argument("name", nargs="?", default="server", help="image (default: server)")
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.set_defaults(run=run)


def _chosen(arguments: argparse.Namespace) -> tuple[Image, ...]:
    from provisioner.adapters import images

    match arguments.action:
        case "build":
            silent = bool(arguments.json)
            return (images.build(arguments.name, _nothing if silent else _say, force=arguments.force, lock=arguments.lock),)
        case "show":
            newest = images.find(arguments.name)
            return (newest,) if newest else ()
        case _:
            return images.every(arguments.name)


def _say(line: str) -> None:
    say(line)


def _nothing(_line: str) -> None:
    """Print nothing: the JSON is the only output."""


def run(arguments: argparse.Namespace) -> int:
    """Run one action."""
    found = _chosen(arguments)
    if arguments.json:
        print(json.dumps([asdict(image) for image in found], default=str, indent=2))
        return 0
    for image in found:
        print(f"{image.path}  {image.size / 2**20:.0f} MiB  sha256 {image.sha256}  {len(image.packages)} packages")
        if arguments.action == "show":
            print("\n".join(f"  {name} {version}" for name, version in sorted(image.packages.items())))
    if not found:
        say(f"image {arguments.name}: not built; run `teranga image build {arguments.name}`")
    return 0 if found else 1
