"""`teranga schema [KIND]`: JSON Schema of the inventory's files, for editors."""

from __future__ import annotations

import argparse
from pathlib import Path

_KINDS = ("country", "fibre", "national", "prices", "profile", "service", "site")


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser("schema", help="print the JSON Schema of a kind of inventory file, or write all of them for an editor")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("kind", nargs="?", choices=_KINDS, help="print the schema of this kind of file")
    what.add_argument("--write", type=Path, metavar="DIR", help="write every schema there, and print the editor's setting")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print one schema, or write them all."""
    from provisioner import places
    from provisioner.render.schema import KINDS, file_name, schema, settings, text

    if arguments.write is None:
        print(text(schema(next(kind for kind in KINDS if kind.name == arguments.kind))), end="")
        return 0
    for kind in KINDS:
        places.write(arguments.write / file_name(kind), text(schema(kind)), 0o644)
    print(text(settings(str(arguments.write))), end="")
    return 0
