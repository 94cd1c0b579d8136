"""`teranga lab`: the rehearsal on one machine."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.cli import lab_fault
from provisioner.cli.speak import say

if TYPE_CHECKING:
    from provisioner.lab.standing import Guest, Standing
    from provisioner.plan.plan import Plan

_DRIVERS = "nspawn (systemd in namespaces), qemu (the disk really boots) or record (state only)"


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    lab = verbs.add_parser("lab", help="the rehearsal on this machine: up, down, status, shell, fault, page")
    actions = lab.add_subparsers(dest="action", metavar="ACTION", required=True)
    up = actions.add_parser("up", help="bring up the API and nodes as the installer leaves them, for sites and their hubs")
    up.add_argument("sites", nargs="+", metavar="SITE")
    up.add_argument(
        "--driver", action="append", default=[], metavar="[GUEST=]NAME", help=f"what starts the guests, or one of them: {_DRIVERS}"
    )
    down = actions.add_parser("down", help="stop everything of the lab; disks and state stay")
    down.add_argument("--erase", action="store_true", help="remove disks and state too")
    status = actions.add_parser("status", help="show what stands")
    status.add_argument("--json", action="store_true", help="print JSON")
    _guest_actions(actions)
    page = actions.add_parser("page", help="say where the web page of the lab's state is, or print it")
    page.add_argument("--html", action="store_true", help="print the page itself")
    for parser, run in ((up, _up), (down, _down), (status, _status), (page, _page)):
        parser.set_defaults(run=run)
    lab_fault.register(actions)


def _guest_actions(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    shell = actions.add_parser("shell", help="open a shell in a guest, or run a command there")
    shell.add_argument("guest", metavar="GUEST", help="site/guest, the API's name, or VMID")
    shell.add_argument("--user", choices=("root", "teranga"), default="root", help="default: %(default)s; teranga is control's own user")
    shell.add_argument("words", nargs="*", metavar="COMMAND", help="after --: a command instead of a shell")
    console = actions.add_parser("console", help="print the end of a guest's console, or save its screen")
    console.add_argument("guest", metavar="GUEST", help="site/guest, the API's name, or VMID")
    console.add_argument("--screen", type=Path, metavar="FILE", help="save the screen as PNG (driver qemu)")
    shell.set_defaults(run=_shell)
    console.set_defaults(run=_console)


def _up(arguments: argparse.Namespace) -> int:
    from provisioner.centre.desired import plan
    from provisioner.lab import lifecycle

    for site in arguments.sites:
        wanted = plan(site)
        _choose(wanted, arguments.driver)
        for one in (*(plan(hub) for hub in wanted.hubs), wanted):
            lifecycle.up(one)
            say(f"lab: node {one.node} stands as the installer leaves it")
    return 0


def _choose(wanted: Plan, asked: list[str]) -> None:
    """Write down which driver starts the site's guests, and its hubs' where it is `record` (a recorded centre needs no real hub)."""
    from provisioner import places
    from provisioner.errors import Problem, UsageError
    from provisioner.lab.guests.chosen import Kind, choose

    vmids = {guest.name: guest.vmid for guest in wanted.guests}
    for words in asked:
        name, _, kind = words.rpartition("=")
        if kind not in list(Kind) or (name and name not in vmids):
            what, hint = ("no such driver", ", ".join(Kind)) if kind not in list(Kind) else ("no such guest", ", ".join(vmids))
            raise UsageError(Problem(where=f"--driver {words}", what=what, hint=hint))
        choose(places.lab(), vmids[name] if name else wanted.node, Kind(kind))


def _down(arguments: argparse.Namespace) -> int:
    from provisioner.lab import lifecycle

    lifecycle.down(say, erase=arguments.erase)
    return 0


def _status(arguments: argparse.Namespace) -> int:
    from provisioner.lab import standing

    seen = standing.now()
    print(json.dumps(standing.as_json(seen), indent=2) if arguments.json else _table(seen))
    return 0


def _columns(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(one: Guest, duration: Callable[[int], str]) -> tuple[str, ...]:
    up = duration(one.uptime) if one.state != "stopped" else ""
    memory = f"{one.memory / 2**20:.0f} MiB" if one.memory else ""
    return (str(one.vmid), one.name or "?", one.node or "?", one.driver, one.state, up, memory)


def _table(seen: Standing) -> str:
    from provisioner.lab.page import duration

    api = f"port {seen.port}, process {seen.pid}" if seen.pid else "does not run"
    lines = [f"lab {seen.prefix}: API {api}" + (f", page {seen.page}" if seen.pid and seen.page else "")]
    lines.append("sites: " + (", ".join(seen.sites) or "none (hint: teranga lab up SITE)"))
    if seen.guests:
        head = ("VMID", "guest", "node", "driver", "state", "since", "memory")
        lines += ["", *_columns([head, *(_row(one, duration) for one in seen.guests)])]
    if seen.faults:
        lines += ["", "faults made on purpose:", *(f"  {one.kind} {one.subject}: {one.what}" for one in seen.faults)]
    return "\n".join(lines)


def _page(arguments: argparse.Namespace) -> int:
    from provisioner.lab import page, standing

    seen = standing.now()
    if arguments.html:
        print(page.html(seen), end="")
        return 0
    if seen.pid is None or seen.page is None:
        say("lab: the API does not run, so there is no page (hint: teranga lab up SITE)")
        return 1
    print(seen.page)
    return 0


def _shell(arguments: argparse.Namespace) -> int:
    from provisioner import command
    from provisioner.lab import shell, standing

    words = shell.words(standing.find(arguments.guest), arguments.user, arguments.words)
    command.hand_over(words, shell.environment())


def _console(arguments: argparse.Namespace) -> int:
    from provisioner import places
    from provisioner.errors import FindingError, Problem
    from provisioner.lab import standing
    from provisioner.lab.guests.chosen import ChosenDriver, Kind

    guest, driver = standing.find(arguments.guest), ChosenDriver(places.lab())
    if guest.driver == Kind.RECORD:
        raise FindingError(Problem(where=guest.name, what="a recorded guest has no console", hint="bring the lab up with --driver nspawn"))
    if arguments.screen is None:
        print(driver.qemu.console(guest.vmid) if guest.driver == Kind.QEMU else driver.nspawn.console(guest.vmid))
        return 0
    if guest.driver != Kind.QEMU or guest.state == "stopped":
        what = f"a guest that is {guest.state} under driver {guest.driver} has no screen"
        raise FindingError(Problem(where=guest.name or str(guest.vmid), what=what, hint="only a running guest of driver qemu has one"))
    places.write(arguments.screen, driver.qemu.screen(guest.vmid), 0o644)
    print(arguments.screen)
    return 0
