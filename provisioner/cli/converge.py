"""`teranga converge`: configure the guests of a site."""

from __future__ import annotations

import argparse

from provisioner.cli.speak import say


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser("converge", help="configure the guests of a site that stands")
    parser.add_argument("site", help="centre, pole or hub")
    parser.add_argument("--full", action="store_true", help="converge every guest, also the unchanged")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Converge, telling each change as it happens."""
    from provisioner.centre.up import only_converge

    say(f"{arguments.site}: {only_converge(arguments.site, say, full=arguments.full)} changes")
    return 0
