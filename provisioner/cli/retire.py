"""`teranga retire`: take a site out of service, with a certificate of erasure."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

say = partial(print, flush=True)


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    from provisioner.cli.node import credential_options

    parser = verbs.add_parser("retire", help="take a site out of service: erase it, have the hubs forget it, certify it")
    parser.add_argument("site", help="centre, pole or hub")
    kept = parser.add_mutually_exclusive_group(required=True)
    kept.add_argument("--backup", type=Path, metavar="DIR", help="a whole backup of its records, checked before anything goes")
    kept.add_argument("--without-backup", action="store_true", help="its records are not needed any more")
    parser.add_argument("--revoke", action="store_true", help="also revoke its token, with the node's own credential")
    parser.add_argument("--yes", action="store_true", help="do not ask for the site's name")
    credential_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Retire after the site's name was typed, or at once with --yes."""
    from provisioner.centre.retire import Retirement, retire
    from provisioner.cli.node import credential
    from provisioner.errors import Problem, UsageError

    site = arguments.site
    if not arguments.yes and input(f"Type the site's name to erase its guests and their data for good ({site}): ") != site:
        raise UsageError(Problem(where="retire", what="the name does not match; nothing was changed"))
    how = Retirement(backup=arguments.backup, credential=credential(arguments) if arguments.revoke else None)
    away = retire(site, how, say)
    say(f"{site}: erased; its certificate is {away / 'certificat-effacement.json'}")
    say(f"{site}: remove its file from the inventory and add its slot to numbering.retired in national.yml")
    return 0
