"""`teranga upgrade`: the Debian packages of a site's guests, in waves with a health gate."""

from __future__ import annotations

import argparse
import json
from functools import partial

say = partial(print, flush=True)


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "upgrade", help="upgrade the Debian packages of a site's guests in waves, each guest's health before the next"
    )
    parser.add_argument("site", help="centre, pole or hub")
    parser.add_argument("--waves", action="store_true", help="only print the waves and what each guest would get")
    parser.add_argument("--json", action="store_true", help="with --waves: as JSON")
    parser.add_argument("--without-backup", action="store_true", help="do not dump the databases first")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Upgrade, or print what it would be."""
    from provisioner.centre.upgrade import listed, upgrade

    site = arguments.site
    if not arguments.waves:
        count = upgrade(site, say, backup=not arguments.without_backup)
        say(f"{site}: {count} packages upgraded; every guest is well")
        return 0
    found = listed(site)
    if arguments.json:
        say(json.dumps({guest: [str(one) for one in packages] for guest, packages in found.items()}, indent=1))
        return 0
    for guest, packages in found.items():
        say(f"{site}: {guest}: {', '.join(map(str, packages)) or 'nothing to upgrade'}")
    return 0
