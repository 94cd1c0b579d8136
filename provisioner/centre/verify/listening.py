"""No port listens in a guest that the plan does not know. Read by the guest's agent from /proc, so nothing can hide behind a ruleset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from time import sleep

from provisioner.centre.verify.ports import Agent
from provisioner.centre.verify.world import World, finding, passed
from provisioner.errors import OutsideError
from provisioner.observed.acceptance import Reason, Result
from provisioner.plan.plan import Check

_TABLES = ("tcp", "tcp6", "udp", "udp6")
_INODE = 9  # column of /proc/net/tcp (proc(5))
_IPV4_BYTES = 4
_TCP_LISTEN, _UDP_UNCONNECTED = "0A", "07"  # linux/include/net/tcp_states.h
_AGAIN_SECONDS = 1.5  # a socket that waits for one DNS answer is gone by then


@dataclass(frozen=True, slots=True, order=True)
class Socket:
    """A socket that waits for strangers."""

    protocol: str
    port: int
    address: str
    inode: int

    @property
    def loopback(self) -> bool:
        """Return whether only the guest itself can reach it."""
        one = IPv6Address(self.address) if ":" in self.address else IPv4Address(self.address)
        mapped = one.ipv4_mapped if isinstance(one, IPv6Address) else None
        return (mapped or one).is_loopback


def parse(table: str, text: str) -> tuple[Socket, ...]:
    """Return the waiting sockets of one table of /proc/net (proc(5)); numbers are hexadecimal, addresses in host order."""
    wanted = _TCP_LISTEN if table.startswith("tcp") else _UDP_UNCONNECTED
    found = []
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) > _INODE and words[3] == wanted:
            address, _, port = words[1].partition(":")
            found.append(Socket(table.removesuffix("6"), int(port, 16), _address(address), int(words[_INODE])))
    return tuple(found)


def _address(digits: str) -> str:
    """Return an address of /proc/net: 32-bit words in the byte order of x86-64 and arm64."""
    raw = b"".join(bytes.fromhex(digits[at : at + 8])[::-1] for at in range(0, len(digits), 8))
    return str(IPv4Address(raw) if len(raw) == _IPV4_BYTES else IPv6Address(raw))


def read(agent: Agent, guest: str) -> frozenset[Socket]:
    """Return the waiting sockets of a guest, as its own process 1 sees them."""
    return frozenset(socket for table in _TABLES for socket in parse(table, agent.read_file(guest, f"/proc/1/net/{table}")))


def _unknown(sockets: frozenset[Socket], known: frozenset[str]) -> frozenset[Socket]:
    return frozenset(one for one in sockets if not one.loopback and f"{one.protocol}/{one.port}" not in known)


def listening(check: Check, world: World, wait: Callable[[float], None] = sleep) -> Result:
    """Compare a guest's waiting sockets with the plan's; what only flickers is not a listener."""
    known = frozenset(check.expected.split())
    try:
        sockets = read(world.agent, check.subject)
        if unknown := _unknown(sockets, known):
            wait(_AGAIN_SECONDS)
            unknown &= read(world.agent, check.subject)
    except OutsideError as error:
        return finding(check, Reason.UNREADABLE, error.problems[0].what)
    if unknown:
        return finding(check, Reason.UNKNOWN_PORTS, ", ".join(f"{one.protocol}/{one.port} ({one.address})" for one in sorted(unknown)))
    open_ports = sorted({f"{one.protocol}/{one.port}" for one in sockets if not one.loopback})
    own = len({(one.protocol, one.port) for one in sockets if one.loopback})
    return passed(check, Reason.ONLY_KNOWN_PORTS, f"{' '.join(open_ports)} (127.0.0.1: {own})")
