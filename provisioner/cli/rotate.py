"""`teranga rotate`: replace a site's secrets, each kind with an overlap."""

from __future__ import annotations

import argparse
from functools import partial

say = partial(print, flush=True)


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    from provisioner.cli.node import credential_options

    parser = verbs.add_parser("rotate", help="replace a site's token, authority or keys; the new one works before the old one goes")
    parser.add_argument("site", help="centre, pole or hub")
    kinds = parser.add_mutually_exclusive_group(required=True)
    kinds.add_argument("--token", action="store_true", help="the API token of its stack (needs the node's own credential)")
    kinds.add_argument("--ca", action="store_true", help="the authority and every certificate in its guests")
    kinds.add_argument("--keys", action="store_true", help="control's SSH key in its guests")
    credential_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Rotate what was asked for."""
    from provisioner.centre import rotate
    from provisioner.cli.node import credential

    site = arguments.site
    if arguments.token:
        rotate.token(site, credential(arguments), say)
        say(f"{site}: its stack has a new token; the old one is revoked")
    elif arguments.ca:
        say(f"{site}: {rotate.authority(site, say)} changes; its guests trust the new authority alone")
    else:
        rotate.keys(site, say)
        say(f"{site}: its guests know control's new key alone")
    return 0
