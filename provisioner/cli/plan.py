"""`teranga plan SITE`: every decision about one site, as tables or as canonical JSON."""

from __future__ import annotations

import argparse


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    plan = verbs.add_parser("plan", help="show everything that is decided about a site")
    plan.add_argument("site", metavar="CENTRE", help="centre, pole or hub")
    plan.add_argument("--inventory", metavar="DIR", default=argparse.SUPPRESS, help="inventory folder")
    plan.add_argument("--json", action="store_true", help="print the canonical plan")
    plan.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Build the plan and print it."""
    from provisioner import places
    from provisioner.load import load
    from provisioner.plan import build, to_json
    from provisioner.render.plan import as_text

    plan = build(load(places.inventory(), places.values()), arguments.site)
    print(to_json(plan) if arguments.json else as_text(plan))
    return 0
