"""`teranga monitoring render DIR`: what each hub and pole watches, as files for its exporter and its Prometheus."""

from __future__ import annotations

import argparse

from provisioner.cli.speak import complain, say


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    monitoring = verbs.add_parser("monitoring", help="render what hubs and poles watch")
    actions = monitoring.add_subparsers(dest="action", metavar="ACTION", required=True)
    render = actions.add_parser("render", help="write topology and targets for each hub and pole; remove those of sites that are gone")
    render.add_argument("folder", metavar="DIR", help="one folder is made in it for each hub and pole")
    render.add_argument("--inventory", metavar="DIR", default=argparse.SUPPRESS, help="inventory folder")
    render.add_argument("--json", action="store_true", help="print what was written as JSON")
    render.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Render every vantage; print each file and each site that is not watched."""
    import json
    from dataclasses import asdict
    from pathlib import Path

    from provisioner import places
    from provisioner.adapters.rendered import settle
    from provisioner.load import load
    from provisioner.plan import outline
    from provisioner.render import monitoring

    inventory = load(places.inventory(), places.values())
    country = monitoring.country(inventory, {name: outline(inventory, name) for name in inventory.sites})
    wanted = {
        f"{vantage}/{name}": text for vantage in monitoring.vantages(inventory) for name, text in monitoring.files(country, vantage).items()
    }
    written, removed = settle(Path(arguments.folder), wanted)
    problems = monitoring.unmapped(country)
    if arguments.json:
        print(
            json.dumps(
                {"written": written, "removed": removed, "problems": [asdict(one) for one in problems]}, ensure_ascii=False, indent=2
            )
        )
        return 1 if problems else 0
    for name in removed:
        say(f"removed {name}")
    say(f"{arguments.folder}: {len(wanted)} files, {len(written)} of them new or changed")
    for problem in problems:
        complain(problem)
    return 1 if problems else 0
