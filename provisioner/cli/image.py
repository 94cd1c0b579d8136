"""`teranga image`: build, list and show the images that guests start from."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    image = verbs.add_parser("image", help="build, list and show images")
    actions = image.add_subparsers(dest="action", metavar="ACTION", required=True)
    build = actions.add_parser("build", help="build an image unless it is built already")
    build.add_argument("--force", action="store_true", help="build it even if it is there (two builds give one hash)")
    for parser in (build, actions.add_parser("list", help="list built images"), actions.add_parser("show", help="show an image and its packages")):
        parser.add_argument("name", nargs="?", default="server", help="image (default: server)")
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run one action."""
    from provisioner.adapters import images

    match arguments.action:
        case "build":
            found = (images.build(arguments.name, print, force=arguments.force),)
        case "show":
            newest = images.find(arguments.name)
            found = (newest,) if newest else ()
        case _:
            found = images.every(arguments.name)
    if arguments.json:
        print(json.dumps([asdict(image) for image in found], default=str, indent=2))
        return 0
    for image in found:
        print(f"{image.path}  {image.size / 2**20:.0f} MiB  sha256 {image.sha256}  {len(image.packages)} packages")
        if arguments.action == "show":
            print("\n".join(f"  {name} {version}" for name, version in sorted(image.packages.items())))
    return 0 if found else 1
