"""`teranga up`: make a site what its plan says."""

from __future__ import annotations

import argparse
from pathlib import Path

from provisioner.cli.speak import say


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser("up", help="make a site what its plan says: infrastructure, wait, converge")
    parser.add_argument("site", help="centre, pole or hub")
    parser.add_argument("--full", action="store_true", help="converge every guest, also the unchanged")
    parser.add_argument("--approved", type=Path, metavar="FILE", help="only if what FILE approves is still what would be done")
    parser.add_argument("--infrastructure", action="store_true", help="stop once the guests answer: converge nothing")
    parser.add_argument("--offline", action="store_true", help="speak to the site's node alone: its hubs are told later, by another `up`")
    parser.add_argument("--lose", action="append", default=[], metavar="GUEST", help="agree that this guest's disks are lost (repeatable)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it, telling each change as it happens."""
    from provisioner.centre.approve import check
    from provisioner.centre.stand import stand, without_hubs
    from provisioner.centre.up import How, up
    from provisioner.errors import Problem, UsageError

    def guard() -> None:
        if arguments.approved:
            made = check(arguments.site, arguments.approved)
            say(f"{arguments.site}: approved by {made.by} on {made.at}")

    if arguments.lose and (arguments.infrastructure or arguments.offline):
        raise UsageError(Problem(where="up", what="--lose goes with a whole `up` only", hint="leave --infrastructure and --offline out"))
    match (arguments.infrastructure, arguments.offline):
        case (True, _):
            count = stand(arguments.site, say, guard)
        case (_, True):
            count = without_hubs(arguments.site, say, guard)
        case _:
            count = up(arguments.site, say, How(full=arguments.full, guard=guard, lose=arguments.lose))
    say(f"{arguments.site}: {count} changes")
    return 0
