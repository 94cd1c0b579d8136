"""`teranga check`: every problem of the inventory at once."""

from __future__ import annotations

import argparse

from provisioner.cli.speak import say


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    check = verbs.add_parser("check", help="check every file of the inventory")
    check.add_argument("--inventory", metavar="DIR", default=argparse.SUPPRESS, help="inventory folder")
    check.add_argument("--json", action="store_true", help="print the result as JSON")
    check.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Load the inventory and build every plan; print each problem, or what there is."""
    import json
    from dataclasses import asdict

    from provisioner import places
    from provisioner.errors import InventoryError
    from provisioner.load import load
    from provisioner.plan import build

    try:
        inventory = load(places.inventory(), places.values())
        hashes = {name: build(inventory, name).hash for name in inventory.sites}
    except InventoryError as error:
        if not arguments.json:
            raise
        print(json.dumps({"problems": [asdict(problem) for problem in error.problems]}, ensure_ascii=False, indent=2))
        return error.exit_status
    if arguments.json:
        print(json.dumps({"problems": [], "sites": hashes}, ensure_ascii=False, indent=2))
    else:
        say(f"{places.inventory()}: no problem; {len(hashes)} sites: {', '.join(hashes)}")
    return 0
