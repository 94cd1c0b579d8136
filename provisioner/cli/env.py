"""`teranga env`: what plain `pulumi` needs in a shell to see a site's stack, as export lines. No secret is printed."""

from __future__ import annotations

import argparse
import shlex


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser("env", help='print export lines for plain pulumi: eval "$(teranga env SITE)"')
    parser.add_argument("site", help="centre, pole or hub")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the lines; the token is read from its file by the shell itself."""
    from provisioner.adapters.pulumi import stack
    from provisioner.centre.desired import endpoint
    from provisioner.centre.infrastructure import engine

    at = endpoint(arguments.site)
    for name, value in sorted(stack.environment(arguments.site, at, engine()).items()):
        if name == "PROXMOX_VE_API_TOKEN":
            print(f'export {name}={shlex.quote(at.token_id)}="$(cat {shlex.quote(at.token_file)})"')
        elif name not in ("HOME", "LANG", "LC_ALL"):
            print(f"export {name}={shlex.quote(value)}")
    return 0
