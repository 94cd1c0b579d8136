"""`teranga node`: install a bare Proxmox VE node, then make it ready for its site with the node's own credential."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.cli import node_install
from provisioner.cli.speak import say

if TYPE_CHECKING:
    from provisioner.centre.adoption import Credential


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    node = verbs.add_parser("node", help="install and adopt a Proxmox VE node for a site")
    actions = node.add_subparsers(dest="action", metavar="ACTION", required=True)
    adopt = actions.add_parser("adopt", help="make role, least-privilege token and VLAN-aware bridge")
    adopt.add_argument("site", help="centre, pole or hub")
    credential_options(adopt)
    adopt.add_argument("--bridge-ports", default="", help="network card that leads to the site's switch, e.g. eno2")
    adopt.add_argument("--ssh-jump", metavar="USER@HOST", help="host through which control reaches the guests by SSH")
    adopt.set_defaults(run=run)
    node_install.register(actions)


def credential_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the node's own credential, which `credential` reads."""
    parser.add_argument("--url", help="https://host:port of the API (default: the lab's, else the node's that Teranga installed)")
    parser.add_argument("--user", default="root@pam", help="user of the node's own credential (default: %(default)s)")
    parser.add_argument("--password-file", type=Path, help="file with that user's password")
    parser.add_argument("--ca-file", type=Path, help="the node's certificate or its authority's; no other is trusted")
    parser.set_defaults(ssh_jump=None)


def credential(arguments: argparse.Namespace) -> Credential:
    """Return the node's own credential: given, the lab's, or the one that Teranga installed."""
    from provisioner.centre.adoption import Credential, lab_credential
    from provisioner.centre.desired import plan
    from provisioner.centre.install.report import credential as of_installed
    from provisioner.errors import Problem, UsageError
    from provisioner.lab import access

    given = (arguments.url, arguments.password_file, arguments.ca_file)
    if any(given) and not all(given):
        raise UsageError(
            Problem(
                where=arguments.verb,
                what="--url, --password-file and --ca-file belong together",
                hint="give all three, or none for the lab's node",
            )
        )
    if all(given):
        proxy = ("ssh", "-W", "%h:%p", arguments.ssh_jump) if arguments.ssh_jump else ()
        return Credential(
            url=arguments.url, user=arguments.user, password_file=arguments.password_file, ca_file=arguments.ca_file, ssh_proxy=proxy
        )
    installed = of_installed(plan(arguments.site)) if access.of(arguments.site) is None else None
    return installed or lab_credential(arguments.site)


def run(arguments: argparse.Namespace) -> int:
    """Adopt the node and write the site's endpoint."""
    from provisioner.centre.adoption import adopt

    for line in adopt(arguments.site, credential(arguments), arguments.bridge_ports):
        say(line)
    return 0
