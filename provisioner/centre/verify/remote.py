"""The gateway by SSH and the guests by their agents: the same in the lab and on site."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from provisioner import command, places
from provisioner.adapters.proxmox import Session, observe
from provisioner.centre.verify.namespaces import counters
from provisioner.centre.verify.ports import Handshake
from provisioner.errors import OutsideError, Problem
from provisioner.observed.endpoint import Endpoint
from provisioner.plan.plan import Plan

_USER = "teranga"
_SECONDS = 20
_COUNTERS = "sudo -n nft -j list counters"
_HANDSHAKES = "date +%s && sudo -n wg show all latest-handshakes && echo -- && sudo -n wg show all allowed-ips"
_VERSIONS = "uname -r; nft --version; wg --version"


@dataclass(frozen=True, slots=True, kw_only=True)
class SshGateway:
    """The gateway guest, read over one kept SSH connection with its pinned host key."""

    argv: tuple[str, ...]

    def read(self, text: str) -> str:
        """Return what a command of ours writes on the gateway."""
        return command.run([*self.argv, text], command.Run(timeout=timedelta(seconds=_SECONDS))).stdout

    def drops(self) -> Mapping[str, int]:
        """Return its named counters."""
        return counters(self.read(_COUNTERS))

    def handshakes(self) -> tuple[Handshake, ...]:
        """Return its WireGuard peers, their age by the gateway's own clock."""
        return handshakes(self.read(_HANDSHAKES))

    def versions(self) -> Mapping[str, str]:
        """Return the versions of what enforces the plan."""
        kernel, *programs = self.read(_VERSIONS).splitlines()
        found = {"Noyau de la passerelle": kernel}
        for line in programs:
            name, _, rest = line.partition(" ")
            found[name] = rest
        return found


def handshakes(text: str) -> tuple[Handshake, ...]:
    """Return the peers in the output of `date`, `wg show all latest-handshakes` and `wg show all allowed-ips`."""
    head, _, tail = text.partition("--\n")
    now, *times = head.splitlines()
    allowed = {tuple(line.split("\t")[:2]): line.split("\t")[2] for line in tail.splitlines()}
    found = []
    for line in times:
        interface, key, seconds = line.split("\t")
        words = allowed.get((interface, key), "").split()
        prefixes = tuple(IPv4Network(word) for word in words if word != "(none)" and ":" not in word)
        age = timedelta(seconds=max(0, int(now) - int(seconds))) if int(seconds) else None
        found.append(Handshake(interface=interface, allowed=prefixes, age=age))
    return tuple(found)


@contextmanager
def gateway(site: str, address: IPv4Address, endpoint: Endpoint) -> Iterator[SshGateway]:
    """Keep one SSH connection to the gateway for the time of a verification."""
    with tempfile.TemporaryDirectory(prefix="teranga-ssh-") as folder:
        options = _options(site, endpoint, Path(folder) / "master")
        target = f"{_USER}@{address}"
        master = command.start(["ssh", "-M", "-N", *options, target], stdin=command.DEVNULL)
        try:
            yield SshGateway(argv=("ssh", *options, target))
        finally:
            command.end(master)


def _options(site: str, endpoint: Endpoint, socket: Path) -> tuple[str, ...]:
    at = places.site(site)
    settings = {
        "BatchMode": "yes",
        "ConnectTimeout": "10",
        "ControlPath": str(socket),
        "GlobalKnownHostsFile": "/dev/null",
        "IdentitiesOnly": "yes",
        "IdentityFile": str(at.ssh_key),
        "LogLevel": "ERROR",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": str(at.known_hosts),
    }
    if endpoint.ssh_proxy:
        settings["ProxyCommand"] = shlex.join(endpoint.ssh_proxy)
    return ("-F", "/dev/null", *(word for name, value in settings.items() for word in ("-o", f"{name}={value}")))


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAgent:
    """The guest agents behind a site's Proxmox API."""

    session: Session
    plan: Plan

    def read_file(self, guest: str, path: str) -> str:
        """Return a file inside a guest."""
        vmid = next((one.vmid for one in self.plan.guests if one.name == guest), None)
        if vmid is None:
            raise OutsideError(Problem(where=guest, what="the plan has no such guest"))
        return observe.read_file(self.session, self.plan.node, vmid, path)
