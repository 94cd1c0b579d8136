"""`teranga explain CENTRE PATH`: which file and line each value of a plan came from."""

from __future__ import annotations

import argparse


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser("explain", help="show which file and line a value of the plan comes from")
    parser.add_argument("site", metavar="CENTRE", help="centre, pole or hub")
    parser.add_argument("path", metavar="PATH", help="for example guests.database.memory or zones.terminals.prefix")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Explain each value at or below the path."""
    import json
    from dataclasses import asdict
    from gettext import gettext as _

    from provisioner import places
    from provisioner.load.folder import read
    from provisioner.load.inventory import of_folder
    from provisioner.plan import build
    from provisioner.render.explain import explain
    from provisioner.render.explain_words import as_lines
    from provisioner.render.origins import Ground

    folder = read(places.inventory(), places.values())
    inventory = of_folder(folder)
    plan = build(inventory, arguments.site)
    found = explain(Ground(folder=folder, inventory=inventory, plan=plan), arguments.path)
    if arguments.json:
        print(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=2))
    else:
        print("\n".join(as_lines(found, _)))
    return 0
