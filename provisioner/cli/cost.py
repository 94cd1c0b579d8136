"""`teranga cost CENTRE|--all`: bill of materials, price in francs CFA and energy, from the operator's dated price list."""

from __future__ import annotations

import argparse


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser("cost", help="show the bill of materials, its cost in francs CFA and the energy of a month")
    parser.add_argument("site", metavar="CENTRE", nargs="?", help="centre, pole or hub")
    parser.add_argument("--all", action="store_true", help="every site of the inventory in one bill")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the result as JSON")
    form.add_argument("--csv", action="store_true", help="print CSV for a spreadsheet")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Count, price and print."""
    from gettext import gettext as _

    from provisioner import places
    from provisioner.errors import FindingError, InventoryError, Problem, UsageError
    from provisioner.load.folder import read
    from provisioner.load.inventory import of_folder
    from provisioner.load.nearest import hint
    from provisioner.render.cost import bill
    from provisioner.render.cost_words import as_csv, as_json, as_text

    if bool(arguments.site) == arguments.all:
        raise UsageError(Problem(where="teranga cost", what="name one site, or --all", hint="for example: teranga cost kedougou"))
    folder = read(places.inventory(), places.values())
    inventory = of_folder(folder)
    if folder.prices is None:
        what = "there is no price list"
        raise FindingError(
            Problem(where="prices.yml", what=what, hint="see docs/how-to/cost.md; the project's own is inventory/prices.yml")
        )
    if arguments.site and arguments.site not in inventory.sites:
        what = "the inventory has no such site"
        raise InventoryError(Problem(where=arguments.site, what=what, hint=hint(arguments.site, inventory.sites)))
    made = bill(inventory, tuple(inventory.sites) if arguments.all else (arguments.site,), folder.prices.model)
    if arguments.json:
        print(as_json(made))
    elif arguments.csv:
        print(as_csv(made), end="")
    else:
        print(as_text(made, _))
    return 0
