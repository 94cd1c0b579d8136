"""`teranga backup`: the site's databases, to this machine or to a disk that is plugged into it."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

say = partial(print, flush=True)


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser("backup", help="dump a site's databases to this machine, with checksums and what they hold")
    parser.add_argument("site", help="centre")
    parser.add_argument("--to", type=Path, metavar="DIR", help="folder for the backup's own folder (default: in the site's state)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Back up and tell where it is."""
    from provisioner.centre.backup import backup, read

    made = backup(arguments.site, say, arguments.to)
    manifest = read(made)
    say(f"{arguments.site}: {sum(one.rows for one in manifest.dumps)} records of {len(manifest.dumps)} databases in {made}")
    say(f"Try it out: teranga restore {arguments.site} --from {made} --drill")
    return 0
