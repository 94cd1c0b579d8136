"""`teranga demo`: stand a centre up in the lab from nothing to a green report, and show that a second run changes nothing."""

from __future__ import annotations

import argparse

from provisioner.cli.speak import say


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser("demo", help="stand a centre up in the lab and verify it (what `make demo` runs)")
    parser.add_argument("site", nargs="?", default="kedougou", help="centre (default: %(default)s)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it; 1 if a check failed or the second run changed something. Ctrl-C stops what runs; the next run goes on."""
    from provisioner.centre.demo import how_to_look, stand
    from provisioner.cli import verify
    from provisioner.lab import lifecycle
    from provisioner.plan.plan import Plan

    statuses: list[int] = []

    def check(plan: Plan) -> None:
        wanted = argparse.Namespace(site=plan.site, only="", report=None, junit=None, json=False)
        statuses.append(verify.run(wanted))

    try:
        stood = stand(arguments.site, say, check)
    except KeyboardInterrupt:
        lifecycle.down(say)
        raise
    say(f"{arguments.site}: a second up: {stood.changes} changes in {stood.again:.1f} s")
    say("\n".join(how_to_look(stood)))
    return 1 if any(statuses) or stood.changes else 0
