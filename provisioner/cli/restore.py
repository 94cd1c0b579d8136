"""`teranga restore`: a backup's records back into the site, or a drill beside them."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

say = partial(print, flush=True)


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser("restore", help="put a backup's records back, or try the backup out with --drill")
    parser.add_argument("site", help="centre")
    parser.add_argument("--from", dest="source", type=Path, required=True, metavar="DIR", help="folder of the backup")
    parser.add_argument("--drill", action="store_true", help="restore beside what is there, compare every table, leave nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask for the site's name")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Drill, or restore after the site's name was typed."""
    from provisioner.centre.restore import drill, restore
    from provisioner.errors import Problem, UsageError

    site, source = arguments.site, arguments.source
    if arguments.drill:
        say(f"{site}: {drill(site, source, say)} records restored beside the others, equal to the backup's, and dropped again")
        return 0
    if not arguments.yes and input(f"Type the site's name to replace its records by those of {source} ({site}): ") != site:
        raise UsageError(Problem(where="restore", what="the name does not match; nothing was changed"))
    count, before = restore(site, source, say)
    say(f"{site}: {count} records are back, equal to the backup's; what was there is in {before}")
    return 0
