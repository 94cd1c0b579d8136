"""Faults of a site's uplink: cut, or long and lossy. What is in force is read from the switch, so it outlives every process of ours.

healthy   vmbr1v900 -- pXXXX ===veth=== operator
shaped    vmbr1v900 -- aXXXX (tap) =relay= bXXXX (tap) -- bridge lXXXX -- pXXXX ===veth=== operator
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from provisioner import command, places
from provisioner.errors import OutsideError, Problem
from provisioner.lab import wires
from provisioner.lab.guests import process

_START_SECONDS = 10.0
_SEED = 16
_started: list[command.Process] = []  # our children are kept, so that Python collects those that ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplink:
    """One uplink of a node: the switch's end of its cable, the bridge it belongs to, the VLAN."""

    node: str
    end: str
    bridge: str  # of the switch: vmbr1v900

    @property
    def vlan(self) -> int:
        """Return its VLAN."""
        return int(self.bridge.rpartition("v")[2])

    @property
    def parts(self) -> tuple[str, str, str]:
        """Return the names of the bridge and the two taps that stand in the way of a shaped line."""
        return f"l{self.end[1:]}", f"a{self.end[1:]}", f"b{self.end[1:]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a line is: one-way delay in milliseconds, loss in per cent each way; `cut`: nothing passes."""

    delay_ms: float = 0.0
    loss_percent: float = 0.0
    cut: bool = False

    def __str__(self) -> str:
        """Return it in words."""
        return "cut" if self.cut else f"{self.delay_ms:g} ms and {self.loss_percent:g} % loss each way"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    """A network interface: the bridge it belongs to, whether it is up, its alias (where a shaped line's bridge keeps what it is for)."""

    master: str
    up: bool
    alias: str


def _links(namespace: str) -> dict[str, _Link]:
    if not wires.exists(namespace):
        return {}
    rows = json.loads(command.run(("ip", "-n", namespace, "-j", "link", "show")).stdout)
    return {row["ifname"]: _Link(master=row.get("master", ""), up="UP" in row["flags"], alias=row.get("ifalias", "")) for row in rows}


def _relay(uplink: Uplink) -> Path:
    """Return the file with the PID of a line's relay."""
    return places.lab() / "faults" / f"{uplink.node}-{uplink.end}.pid"


def uplinks(node: str) -> tuple[Uplink, ...]:
    """Return the uplinks of a node, by VLAN."""
    inside, found = _links(wires.switch(node)), []
    for namespace in (name for name in wires.every() if name.startswith(f"{wires.prefix()}-inet")):
        for name in _links(namespace):
            end = wires.port_of(namespace, name)
            if end in inside:
                master = inside[end].master
                behind = inside[master].alias.split() if master in inside else []
                found.append(Uplink(node=node, end=end, bridge=behind[0] if behind else master))
    return tuple(sorted(found, key=lambda one: one.bridge))


def shape(uplink: Uplink) -> Shape | None:
    """Return what ails an uplink; None if nothing does. A line whose relay died is cut."""
    inside = _links(wires.switch(uplink.node))
    if not inside[uplink.end].up:
        return Shape(cut=True)
    behind = inside.get(uplink.parts[0])
    if behind is None:
        return None
    _, delay_ms, loss_percent = behind.alias.split()
    dead = process.read(_relay(uplink)) is None
    return Shape(delay_ms=float(delay_ms), loss_percent=float(loss_percent), cut=dead)


def _ip(uplink: Uplink, *lines: str) -> None:
    command.run(("ip", "-n", wires.switch(uplink.node), "-batch", "-"), command.Run(stdin="\n".join(lines) + "\n"))


def _end(file: Path) -> None:
    running = process.read(file)
    if running is not None:
        process.end(running)
    _started[:] = [one for one in _started if one.poll() is None]
    file.unlink(missing_ok=True)


def clear(uplink: Uplink) -> None:
    """Make the line whole again; no error if it is."""
    _end(_relay(uplink))
    inside = _links(wires.switch(uplink.node))
    for name in uplink.parts:
        if name in inside:
            command.attempt(("ip", "-n", wires.switch(uplink.node), "link", "delete", name))  # a tap may go by itself
    _ip(uplink, f"link set {uplink.end} master {uplink.bridge}", f"link set {uplink.end} up")


def make(uplink: Uplink, wanted: Shape) -> None:
    """Put a fault in force in place of the one before."""
    clear(uplink)
    if wanted.cut:
        _ip(uplink, f"link set {uplink.end} down")
        return
    middle, near, far = uplink.parts
    _start_relay(uplink, wanted)
    _ip(
        uplink,
        f"link add {middle} type bridge forward_delay 0 mcast_snooping 0",
        f"link set {middle} alias '{uplink.bridge} {wanted.delay_ms:g} {wanted.loss_percent:g}'",
        f"link set {far} master {middle}",
        f"link set {uplink.end} master {middle}",
        f"link set {near} master {uplink.bridge}",
        *(f"link set {name} up" for name in uplink.parts),
    )


def _start_relay(uplink: Uplink, wanted: Shape) -> None:
    """Start the relay of a line; return once its taps are there."""
    _, near, far = uplink.parts
    words = (near, far, str(wanted.delay_ms), str(wanted.loss_percent), str(_SEED))
    argv = ("ip", "netns", "exec", wires.switch(uplink.node), sys.executable, "-m", "provisioner.lab.fault_relay", *words)
    relay = command.start(argv, command.Run(env=command.environment(PYTHONPATH=str(places.CHECKOUT))))
    _started.append(relay)
    process.write(_relay(uplink), relay.pid)
    deadline = monotonic() + _START_SECONDS
    while not {near, far} <= set(_links(wires.switch(uplink.node))):
        if relay.poll() is not None or monotonic() > deadline:
            clear(uplink)
            raise OutsideError(Problem(where=uplink.node, what="the relay of the bad line did not start", hint="is /dev/net/tun there?"))
        sleep(0.05)


def end_all() -> None:
    """End every relay of the lab; its lines go with its namespaces."""
    for file in (places.lab() / "faults").glob("*.pid"):
        _end(file)
