"""`teranga preview`: show what `up` would change."""

from __future__ import annotations

import argparse

from provisioner.cli.speak import say


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser("preview", help="show what up would change on the node")
    parser.add_argument("site", help="centre, pole or hub")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show it; nothing is changed."""
    from provisioner.centre.up import preview

    say(f"{arguments.site}: {preview(arguments.site, say)} resources would change")
    return 0
