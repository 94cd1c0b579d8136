"""`teranga init COMMUNE --profile P`: the file of a new centre, with the next free slot, its pole and its fibre."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from provisioner.cli.speak import say

if TYPE_CHECKING:
    from provisioner.model import Commune, Inventory


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    init = verbs.add_parser("init", help="write the file of a new centre")
    init.add_argument("commune", metavar="COMMUNE", help="slug or name in communes.csv")
    init.add_argument("--profile", default="commune", metavar="P", help="what kind of centre (default: commune)")
    init.add_argument("--name", metavar="NAME", help="name of the centre's file (default: the commune's slug)")
    init.add_argument("--wireless", action="store_true", help="with the profile's wireless zones")
    init.add_argument(
        "--terminal", action="append", default=[], metavar="MAC[=TITLE]", help="a terminal; repeat for more, in the order of their numbers"
    )
    init.add_argument("--dry-run", action="store_true", help="print the file, write nothing")
    init.add_argument("--inventory", metavar="DIR", default=argparse.SUPPRESS, help="inventory folder")
    init.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the file; if the inventory then has a problem, take it back and tell the problem."""
    from provisioner import places
    from provisioner.errors import FindingError, InventoryError, Problem
    from provisioner.load import load
    from provisioner.plan import build
    from provisioner.plan.communes import find_commune

    root = places.inventory()
    inventory = load(root, places.values())
    commune = find_commune(inventory, arguments.commune)
    name = arguments.name or commune.slug
    text = _text(arguments, inventory, commune, name)
    if name in inventory.sites:
        what = f"the inventory has {inventory.sites[name].kind}s/{name}.yml already"
        raise FindingError(Problem(where=name, what=what, hint="edit that file, or give another --name"))
    if arguments.dry_run:
        print(text, end="")
        return 0
    file = root / "centres" / f"{name}.yml"
    places.write(file, text, 0o644)
    try:
        plan = build(load(root, places.values()), name)
    except InventoryError:
        file.unlink()
        raise
    say(f"{file}: slot {plan.slot}, {plan.prefix}, {len(plan.guests)} guests; now write its terminals, then: teranga plan {name}")
    return 0


def _text(arguments: argparse.Namespace, inventory: Inventory, commune: Commune, name: str) -> str:
    """Return the text of the file; raise UsageError if the profile is none of a centre."""
    from provisioner.errors import Problem, UsageError
    from provisioner.load.nearest import hint
    from provisioner.model import Kind
    from provisioner.render.centre_file import NewCentre, Terminal, centre_file

    profile = inventory.profiles.get(arguments.profile)
    if profile is None or profile.kind is not Kind.CENTRE:
        known = [one for one, found in inventory.profiles.items() if found.kind is Kind.CENTRE]
        what = f"there is no profile of a centre `{arguments.profile}`"
        raise UsageError(Problem(where="--profile", what=what, hint=hint(arguments.profile, known)))
    terminals = [Terminal(mac, title) for mac, _, title in (one.partition("=") for one in arguments.terminal)]
    return centre_file(inventory, NewCentre(name, commune, profile, arguments.wireless, terminals))
