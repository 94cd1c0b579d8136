"""`teranga lab fault`: cut or stretch a link, freeze or kill a guest, trouble a node's API; list and clear."""

from __future__ import annotations

import argparse

from provisioner.cli.speak import say
from provisioner.language import translate

_LOWEST_ERROR, _HIGHEST_ERROR = 500, 599


def register(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action."""
    fault = actions.add_parser("fault", help="make a fault on purpose, list or clear it: of a link, a guest, a node's API")
    kinds = fault.add_subparsers(dest="kind", metavar="KIND", required=True)
    link = kinds.add_parser("link", help="a site's uplink: cut, or long and lossy")
    link.add_argument("site")
    link.add_argument("--vlan", type=int, help="only the uplink on this VLAN (default: every uplink)")
    link.add_argument("--cut", action="store_true", help="nothing passes")
    link.add_argument("--delay", type=float, default=0.0, metavar="MS", help="milliseconds more, each way")
    link.add_argument("--loss", type=float, default=0.0, metavar="PERCENT", help="per cent of the frames lost, each way")
    guest = kinds.add_parser("guest", help="freeze or kill a guest, behind the API's back")
    guest.add_argument("guest", help="site/guest, the API's name, or VMID")
    guest.add_argument("--freeze", action="store_true", help="halt it until --clear")
    guest.add_argument("--kill", action="store_true", help="cut its power; `teranga up` starts it again")
    node = kinds.add_parser("node", help="a node's API: late, or failing")
    node.add_argument("site", help="site whose node it is; `all`: every call, logins included")
    node.add_argument("--delay", type=float, default=0.0, metavar="S", help="seconds before each answer")
    node.add_argument("--error", type=int, default=0, metavar="STATUS", help="answer this status, e.g. 500 or 596")
    node.add_argument("--times", type=int, metavar="N", help="only for the next N calls")
    for parser, run in ((link, _link), (guest, _guest), (node, _node)):
        parser.add_argument("--clear", action="store_true", help="end the fault")
        parser.set_defaults(run=run)
    kinds.add_parser("list", help="show the faults in force").set_defaults(run=_list)


def _refuse(where: str, what: str, hint: str) -> Exception:
    from provisioner.errors import Problem, UsageError

    return UsageError(Problem(where=f"lab fault {where}", what=what, hint=hint))


def _link(arguments: argparse.Namespace) -> int:
    from provisioner.lab import fault
    from provisioner.lab.fault_link import Shape

    shaped = arguments.delay > 0 or arguments.loss > 0
    if sum((arguments.cut, shaped, arguments.clear)) != 1 or arguments.delay < 0 or not 0 <= arguments.loss <= 100:  # noqa: PLR2004  per cent
        raise _refuse("link", "say one of --cut, --delay and --loss, or --clear", "--delay 300 --loss 5; a loss is 0 to 100")
    wanted = None if arguments.clear else Shape(delay_ms=arguments.delay, loss_percent=arguments.loss, cut=arguments.cut)
    for one in fault.link(arguments.site, wanted, arguments.vlan):
        state = str(wanted) if wanted else translate("whole again")
        say(f"lab: {arguments.site} VLAN {one.vlan}: {state}")
    return 0


def _guest(arguments: argparse.Namespace) -> int:
    from provisioner.lab import fault, standing

    if sum((arguments.freeze, arguments.kill, arguments.clear)) != 1:
        raise _refuse("guest", "say one of --freeze, --kill and --clear", "teranga lab fault guest kedougou/database --freeze")
    guest = standing.find(arguments.guest)
    name = guest.name or str(guest.vmid)
    if arguments.kill:
        fault.kill(guest.node, guest.vmid)
        say(f"lab: {name}: power cut")
    elif guest.state == "stopped":
        say(f"lab: {name}: it is stopped; `teranga up` starts it")
    else:
        fault.freeze(guest.node, guest.vmid, wanted=arguments.freeze)
        say(f"lab: {name}: frozen" if arguments.freeze else f"lab: {name}: goes on")
    return 0


def _node(arguments: argparse.Namespace) -> int:
    from provisioner.lab import fault
    from provisioner.lab.proxmox.trouble import Trouble

    asked = arguments.delay > 0 or arguments.error
    wrong = arguments.error and not _LOWEST_ERROR <= arguments.error <= _HIGHEST_ERROR
    if bool(asked) == arguments.clear or arguments.delay < 0 or wrong or (arguments.times is not None and arguments.times < 1):
        raise _refuse("node", "say --delay S, --error STATUS (500 to 599) or both, or --clear", "--error 500 --times 3")
    made = None if arguments.clear else Trouble(delay=arguments.delay, status=arguments.error, left=arguments.times)
    name = fault.node(arguments.site, made)
    words = fault.in_words(made) if made else translate("answers as always")
    say(f"lab: node {name}: {words}")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    from provisioner.lab import fault, standing

    del arguments
    found = [f"{one.kind} {one.subject}: {one.what}" for one in fault.faults()]
    found += [f"guest {one.name or one.vmid}: frozen" for one in standing.guests() if one.state == "frozen"]
    say("\n".join(found) if found else "no fault is in force")
    return 0
