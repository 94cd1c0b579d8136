"""Faults of a site's uplink: cut, or long and lossy. What is in force is read from the switch, so it outlives every process of ours.

healthy   vmbr1v900 -- pXXXX ===veth=== operator
shaped    vmbr1v900 -- aXXXX (tap) =relay= bXXXX (tap) -- bridge lXXXX -- pXXXX ===veth=== operator
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from time import monotonic, sleep

from provisioner import command, places
from provisioner.errors import OutsideError, Problem
from provisioner.lab import wires
from provisioner.lab.guests import process

_START_SECONDS = 10.0
_SEED = 16


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


def _links(namespace: str) -> dict[str, dict[str, str]]:
    if not wires.exists(namespace):
        return {}
    rows = json.loads(command.run(("ip", "-n", namespace, "-j", "link", "show")).stdout)
    return {row["ifname"]: {"master": row.get("master", ""), "flags": ",".join(row["flags"])} for row in rows}


def _ours(uplink: Uplink) -> str:
    return f"{uplink.node}-{uplink.end}"


def uplinks(node: str) -> tuple[Uplink, ...]:
    """Return the uplinks of a node, by VLAN."""
    inside, found = _links(wires.switch(node)), []
    for namespace in (name for name in wires.every() if name.startswith(f"{wires.prefix()}-inet")):
        for name in _links(namespace):
            end = wires.port_of(namespace, name)
            if end in inside and (bridge := _home(node, end, inside)):
                found.append(Uplink(node=node, end=end, bridge=bridge))
    return tuple(sorted(found, key=lambda one: one.vlan))


def _home(node: str, end: str, inside: dict[str, dict[str, str]]) -> str:
    """Return the bridge an end belongs to, also while it hangs behind a shaped line."""
    master = inside[end]["master"]
    kept = places.lab() / "faults" / f"{node}-{end}.json"
    if master.startswith("l") and kept.exists():
        return str(json.loads(kept.read_text())["bridge"])
    return master


def shape(uplink: Uplink) -> Shape | None:
    """Return what ails an uplink; None if nothing does. A line whose relay died is cut."""
    inside = _links(wires.switch(uplink.node))
    if "UP" not in inside.get(uplink.end, {"flags": ""})["flags"].split(","):
        return Shape(cut=True)
    if inside[uplink.end]["master"] != uplink.parts[0]:
        return None
    folder = places.lab() / "faults"
    said = json.loads((folder / f"{_ours(uplink)}.json").read_text())
    dead = process.read(folder / f"{_ours(uplink)}.pid") is None
    return Shape(delay_ms=said["delay_ms"], loss_percent=said["loss_percent"], cut=dead)


def _ip(uplink: Uplink, *lines: str) -> None:
    command.run(("ip", "-n", wires.switch(uplink.node), "-batch", "-"), command.Run(stdin="\n".join(lines) + "\n"))


def clear(uplink: Uplink) -> None:
    """Make the line whole again; no error if it is."""
    pid = places.lab() / "faults" / f"{_ours(uplink)}.pid"
    running = process.read(pid)
    if running is not None:
        process.end(running)
    inside = _links(wires.switch(uplink.node))
    for name in uplink.parts:
        if name in inside:
            _ip(uplink, f"link delete {name}")
    _ip(uplink, f"link set {uplink.end} master {uplink.bridge}", f"link set {uplink.end} up")
    pid.unlink(missing_ok=True)
    pid.with_suffix(".json").unlink(missing_ok=True)


def make(uplink: Uplink, wanted: Shape) -> None:
    """Put a fault in force in place of the one before."""
    clear(uplink)
    if wanted.cut:
        _ip(uplink, f"link set {uplink.end} down")
        return
    middle, near, far = uplink.parts
    kept = places.lab() / "faults" / f"{_ours(uplink)}.json"
    said = {"bridge": uplink.bridge, "delay_ms": wanted.delay_ms, "loss_percent": wanted.loss_percent}
    places.write(kept, json.dumps(said))
    words = (near, far, str(wanted.delay_ms), str(wanted.loss_percent), str(_SEED))
    argv = ("ip", "netns", "exec", wires.switch(uplink.node), sys.executable, "-m", "provisioner.lab.fault_relay", *words)
    relay = command.start(argv, command.Run(env=command.environment(PYTHONPATH=str(places.CHECKOUT))))
    process.write(kept.with_suffix(".pid"), relay.pid)
    deadline = monotonic() + _START_SECONDS
    while not {near, far} <= set(_links(wires.switch(uplink.node))):
        if relay.poll() is not None or monotonic() > deadline:
            clear(uplink)
            raise OutsideError(Problem(where=uplink.node, what="the relay of the bad line did not start", hint="is /dev/net/tun there?"))
        sleep(0.05)
    _ip(
        uplink,
        f"link add {middle} type bridge forward_delay 0 mcast_snooping 0",
        f"link set {far} master {middle}",
        f"link set {uplink.end} master {middle}",
        f"link set {near} master {uplink.bridge}",
        *(f"link set {name} up" for name in uplink.parts),
    )


def end_all() -> None:
    """End every relay of the lab; its lines go with its namespaces."""
    for file in (places.lab() / "faults").glob("*.pid"):
        running = process.read(file)
        if running is not None:
            process.end(running)
    shutil.rmtree(places.lab() / "faults", ignore_errors=True)
