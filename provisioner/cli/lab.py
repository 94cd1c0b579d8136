"""`teranga lab`: the rehearsal on one machine."""

from __future__ import annotations

import argparse
import json


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    lab = verbs.add_parser("lab", help="the rehearsal on this machine: up, down, status")
    actions = lab.add_subparsers(dest="action", metavar="ACTION", required=True)
    up = actions.add_parser("up", help="bring up the API and nodes as the installer leaves them, for sites and their hubs")
    up.add_argument("sites", nargs="+", metavar="SITE")
    down = actions.add_parser("down", help="stop everything of the lab; disks and state stay")
    down.add_argument("--erase", action="store_true", help="remove disks and state too")
    status = actions.add_parser("status", help="show what stands")
    status.add_argument("--json", action="store_true", help="print JSON")
    for parser in (up, down, status):
        parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run one action."""
    from provisioner.centre.desired import plan
    from provisioner.lab import lifecycle

    match arguments.action:
        case "up":
            for site in arguments.sites:
                wanted = plan(site)
                for one in (*(plan(hub) for hub in wanted.hubs), wanted):
                    lifecycle.up(one)
                    print(f"lab: node {one.node} stands as the installer leaves it")
        case "down":
            lifecycle.down(print, erase=arguments.erase)
        case _:
            seen = lifecycle.status()
            print(json.dumps(seen, indent=2) if arguments.json else _table(seen))
    return 0


def _table(seen: object) -> str:
    return json.dumps(seen, indent=2)
