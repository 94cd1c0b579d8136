"""`teranga node install|serve|quarantine`: answer files for bare nodes, each for one known machine."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime, timedelta

from provisioner.cli.speak import say

_HOURS = 72


def register(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the actions."""
    install = actions.add_parser("install", help="prepare the installation of bare nodes: password, certificate, one-time token")
    install.add_argument("sites", nargs="+", metavar="SITE")
    install.add_argument("--url", required=True, help="https://HOST:PORT where `node serve` will answer, as the node reaches it")
    install.add_argument("--hours", type=int, default=_HOURS, help="how long the token holds (default: %(default)s)")
    serve = actions.add_parser("serve", help="answer installers and first boots until Ctrl-C")
    serve.add_argument("--listen", default="0.0.0.0", metavar="ADDRESS", help="default: %(default)s")  # noqa: S104  the nodes are elsewhere
    quarantine = actions.add_parser("quarantine", help="list machines that were refused")
    quarantine.add_argument("--forget", metavar="MACHINE", help="take one off the list, or `all`")
    quarantine.add_argument("--json", action="store_true", help="print JSON")
    for parser, run in ((install, _install), (serve, _serve), (quarantine, _quarantine)):
        parser.set_defaults(run=run)


def _install(arguments: argparse.Namespace) -> int:
    from provisioner import places
    from provisioner.centre.install.prepare import prepare
    from provisioner.errors import Problem, UsageError
    from provisioner.load import load

    if arguments.hours < 1:
        raise UsageError(Problem(where="--hours", what=f"{arguments.hours} is no time", hint=f"for example {_HOURS}"))
    life = timedelta(hours=arguments.hours)
    made = prepare(load(places.inventory()), arguments.sites, arguments.url, datetime.now(UTC), life)
    say(f"prepared {', '.join(made.sites)}; the token holds {arguments.hours} hours and answers each of them once")
    say("make the medium where Proxmox's assistant is installed (the token is in a file, mode 0600):")
    say("  proxmox-auto-install-assistant prepare-iso proxmox-ve.iso --fetch-from http \\")
    say(f'    --url {made.service.url}/answer --answer-auth-token "$(cat {made.token_file})" \\')
    say(f"    --cert-fingerprint {made.service.fingerprint}")
    say("then answer with `teranga node serve`")
    return 0


def _serve(arguments: argparse.Namespace) -> int:
    from urllib.parse import urlsplit

    from provisioner import places
    from provisioner.centre.install import ledger
    from provisioner.centre.install.desk import Desk
    from provisioner.centre.install.prepare import DEFAULT_PORT, service
    from provisioner.centre.install.serve import InstallServer
    from provisioner.errors import FindingError, OutsideError, Problem
    from provisioner.load import load

    file = ledger.folder() / "url"
    if not file.exists():
        raise FindingError(
            Problem(where="node serve", what="nothing is prepared", hint="teranga node install SITE --url https://HOST:8443")
        )
    url = file.read_text().strip()
    made = service(url, load(places.inventory()).national.domain, datetime.now(UTC))
    desk = Desk(service=made, inventory=lambda: load(places.inventory()), tell=say)
    port = urlsplit(url).port or DEFAULT_PORT
    try:
        server = InstallServer(desk, arguments.listen, port)
    except OSError as error:
        raise OutsideError(Problem(where=f"{arguments.listen}:{port}", what=str(error), hint="is another `node serve` at work?")) from error
    with server:
        say(f"answering at {url} until Ctrl-C; strangers go to `teranga node quarantine`")
        _forever()
    return 0


def _forever() -> None:
    import threading

    threading.Event().wait()


def _quarantine(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from provisioner.centre.install import ledger

    if arguments.forget:
        count = ledger.forgive(None if arguments.forget == "all" else arguments.forget)
        say(f"{count} forgotten")
        return 0
    found = ledger.read().quarantine
    if arguments.json:
        say(json.dumps([asdict(one) for one in found], indent=2))
        return 0
    for one in found:
        say(f"{one.last}  {one.address}  {one.machine}: {one.why} ({one.count} times)")
    if not found:
        say("no machine is in quarantine")
    return 0
