"""`teranga destroy`: remove a site's guests, image and pool from its node."""

from __future__ import annotations

import argparse

from provisioner.cli.speak import say


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser("destroy", help="remove a site's guests, image and pool from its node")
    parser.add_argument("site", help="centre, pole or hub")
    parser.add_argument("--yes", action="store_true", help="do not ask for the site's name")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Destroy after the site's name was typed, or at once with --yes."""
    from provisioner.centre.up import destroy
    from provisioner.errors import Problem, UsageError

    if not arguments.yes and input(f"Type the site's name to destroy its guests and their data ({arguments.site}): ") != arguments.site:
        raise UsageError(Problem(where="destroy", what="the name does not match; nothing was changed"))
    say(f"{arguments.site}: {destroy(arguments.site, say)} resources removed")
    return 0
