"""The words that open a shell in a guest of the lab: root's or the control user's."""

from __future__ import annotations

import os
from collections.abc import Sequence

from provisioner import command, places
from provisioner.errors import FindingError, Problem
from provisioner.lab import access, rehearsal
from provisioner.lab.guests.chosen import ChosenDriver, Kind
from provisioner.lab.guests.driver import AgentError
from provisioner.lab.standing import Guest

CONTROL_USER = "teranga"
_SEPARATOR = "-"


def environment() -> dict[str, str]:
    """Return the environment of a shell: the user's terminal, nothing else of his."""
    return command.environment(TERM=os.environ.get("TERM", "dumb"), HOME="/root", USER="root")


def _inside(guest: Guest, user: str, words: Sequence[str]) -> tuple[str, ...]:
    """Return the words for a guest in namespaces: enter those of its PID 1."""
    init = ChosenDriver(places.lab()).nspawn.init(guest.vmid)
    enter = ("nsenter", "-t", str(init), "-m", "-u", "-i", "-n", "-p", "-r", "-w", "--")
    if user == "root":
        return (*enter, *(words or ("/bin/bash", "-l")))
    return (*enter, "/usr/sbin/runuser", *(("-u", user, "--", *words) if words else ("-l", user)))


def _site(guest: Guest) -> str:
    """Return the site of a guest: guests are named site-guest, and either may hold hyphens."""
    sites = [path.stem for path in rehearsal.folder().glob("*.json")]
    found = [site for site in sites if guest.name.startswith(f"{site}{_SEPARATOR}")]
    if not found:
        raise FindingError(Problem(where=str(guest.vmid), what="no site of the lab owns this guest", hint="look at its console instead"))
    return max(found, key=len)


def _by_ssh(guest: Guest, user: str, words: Sequence[str]) -> tuple[str, ...]:
    """Return the words for a virtual machine: SSH with control's key, the host key pinned by the agent's word."""
    site = _site(guest)
    kept = places.site(site)
    at = access.of(site)
    known = {line.split()[0] for line in kept.known_hosts.read_text().splitlines()} if kept.known_hosts.exists() else set()
    try:
        seen = ChosenDriver(places.lab()).interfaces(guest.node, guest.vmid)
    except AgentError as error:
        raise FindingError(Problem(where=guest.name, what=str(error), hint=f"is it up? `teranga lab console {guest.name}`")) from error
    addresses = [str(one.ip) for interface in seen for one in interface.addresses if str(one.ip) in known]
    if at is None or not addresses:
        raise FindingError(
            Problem(where=guest.name, what="none of its addresses has a pinned host key", hint=f"run `teranga up {site}` first")
        )
    proxy = " ".join(at.ssh_proxy)
    options = ("-i", str(kept.ssh_key), "-o", f"UserKnownHostsFile={kept.known_hosts}", "-o", "StrictHostKeyChecking=yes")
    become = ("sudo", "-i") if user == "root" else ()
    terminal = () if words else ("-t",)
    return ("ssh", "-F", "none", *options, "-o", f"ProxyCommand={proxy}", *terminal, f"{CONTROL_USER}@{addresses[0]}", *become, *words)


def words(guest: Guest, user: str, told: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the program that opens a shell in a running guest, or runs `told` there."""
    if guest.state != "running":
        raise FindingError(Problem(where=guest.name or str(guest.vmid), what=f"the guest is {guest.state}", hint="teranga lab status"))
    match Kind(guest.driver):
        case Kind.NSPAWN:
            return _inside(guest, user, told)
        case Kind.QEMU:
            return _by_ssh(guest, user, told)
        case Kind.RECORD:
            raise FindingError(
                Problem(where=guest.name, what="a recorded guest has no inside", hint="bring the lab up with --driver nspawn")
            )
