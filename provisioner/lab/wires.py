"""The lab's network: one switch per node, one bridge per VLAN, the operator's fibre access and an Internet side.

Every namespace carries the lab's prefix, so two labs on one machine never touch. Nothing has a route to the host.

    guest ethN --veth-- <prefix>-<node>: bridge vmbr1v40 --veth-- a client's namespace
                        <prefix>-<node>: bridge vmbr1v900 --veth-- <prefix>-inet -- 198.51.100.0/24 (two hosts)
"""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path

from provisioner import command, places
from provisioner.lab import guest_firewall
from provisioner.lab.guests.driver import Nic
from provisioner.lab.guests.firewall import Filter

PUBLIC = IPv4Network("198.51.100.0/24")  # RFC 5737, TEST-NET-2: the Internet of the lab
PUBLIC_HOSTS = (IPv4Address("198.51.100.250"), IPv4Address("198.51.100.251"))
UPLINK_VLAN = 900
_NAMESPACES = Path("/run/netns")
_BRIDGED_CALLS = ("iptables", "ip6tables", "arptables")


def prefix() -> str:
    """Return the lab's prefix: `t` and four hex digits of its state folder's hash."""
    return "t" + hashlib.sha256(str(places.state()).encode()).hexdigest()[:4]


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplink:
    """How a site hangs on the fibre: its /30, and the prefix behind it."""

    node: str
    bridge: str
    site: IPv4Interface
    operator: IPv4Interface
    behind: IPv4Network


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:9]


def exists(namespace: str) -> bool:
    """Return whether a network namespace of that name exists."""
    return (_NAMESPACES / namespace).exists()


def every() -> tuple[str, ...]:
    """Return the names of all namespaces of this lab."""
    return tuple(sorted(path.name for path in _NAMESPACES.glob(f"{prefix()}-*")))


def _batch(namespace: str | None, lines: Sequence[str]) -> None:
    """Run `ip` commands in one process; the first that fails raises CommandError."""
    where = ("-n", namespace) if namespace else ()
    command.run(("ip", *where, "-batch", "-"), command.Run(stdin="\n".join(lines) + "\n"))


@contextmanager
def _alone() -> Iterator[None]:
    places.lab().mkdir(parents=True, exist_ok=True)
    with (places.lab() / "wires.lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def make(namespace: str) -> None:
    """Make an empty namespace whose bridges do not call the packet filter; keep one that is there."""
    if exists(namespace):
        return
    command.run(("ip", "netns", "add", namespace))
    _batch(namespace, ["link set lo up"])
    keys = [f"net/bridge/bridge-nf-call-{kind}" for kind in _BRIDGED_CALLS]
    script = "for key in " + " ".join(keys) + "; do [ -e /proc/sys/$key ] && echo 0 > /proc/sys/$key; done; true"
    command.run(("ip", "netns", "exec", namespace, "sh", "-c", script))


def remove(namespace: str) -> None:
    """Remove a namespace and with it every link in it; no error if it is gone."""
    if exists(namespace):
        command.attempt(("ip", "netns", "delete", namespace))


def guest(vmid: int) -> str:
    """Return the namespace of a guest's cards."""
    return f"{prefix()}-g{vmid}"


def port_of(namespace: str, interface: str) -> str:
    """Return the name of the switch's end of a card's cable."""
    return "p" + _short(f"{namespace} {interface}")


def switch(node: str) -> str:
    """Return the namespace of a node's switch."""
    return f"{prefix()}-{node}"


def _bridge(node: str, bridge: str, vlan: int | None) -> str:
    """Return the name of the bridge that stands for one VLAN of a VLAN-aware bridge; make it if needed."""
    name = f"{bridge}v{vlan or 0}"
    make(switch(node))
    if command.attempt(("ip", "-n", switch(node), "link", "show", name)).status != 0:
        _batch(switch(node), [f"link add {name} type bridge forward_delay 0 mcast_snooping 0", f"link set {name} up"])
    return name


def _call_filter(namespace: str, *, on: bool) -> None:
    """Let the bridges of a switch call the packet filter for IP, or not. A reset that it sends needs some route to look up."""
    script = f"for key in ip ip6; do echo {int(on)} > /proc/sys/net/bridge/bridge-nf-call-${{key}}tables; done"
    command.run(("ip", "netns", "exec", namespace, "sh", "-c", script))
    if on:
        _batch(namespace, ["route replace default dev lo"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A card of a namespace and the switch port it hangs on."""

    namespace: str
    interface: str
    mac: str | None
    node: str
    bridge: str
    vlan: int | None
    up: bool = True


def attach(port: Port) -> None:
    """Plug a card in; one that is plugged in already stays."""
    with _alone():
        if command.attempt(("ip", "-n", port.namespace, "link", "show", port.interface)).status == 0:
            return
        bridge = _bridge(port.node, port.bridge, port.vlan)
        far = port_of(port.namespace, port.interface)
        address = f" address {port.mac}" if port.mac else ""
        command.attempt(("ip", "-n", switch(port.node), "link", "delete", far))
        _batch(None, [f"link add {far} netns {switch(port.node)} type veth peer name {port.interface} netns {port.namespace}{address}"])
        _batch(switch(port.node), [f"link set {far} master {bridge}", f"link set {far} {'up' if port.up else 'down'}"])


def tap(port: Port) -> str:
    """Make a tap on a switch port, for a card that a virtual machine brings; return its name in the switch: that of a veth's far end."""
    with _alone():
        bridge, far = _bridge(port.node, port.bridge, port.vlan), port_of(port.namespace, port.interface)
        command.attempt(("ip", "-n", switch(port.node), "link", "delete", far))
        _batch(
            switch(port.node),
            [f"tuntap add {far} mode tap", f"link set {far} master {bridge}", f"link set {far} {'up' if port.up else 'down'}"],
        )
    return far


def unplug(node: str, far: str) -> None:
    """Remove a switch port; no error if it is gone."""
    command.attempt(("ip", "-n", switch(node), "link", "delete", far))


def move(port: Port, target: str) -> None:
    """Move the switch's end of a card that is plugged in to the same bridge of another node."""
    with _alone():
        far, bridge = port_of(port.namespace, port.interface), _bridge(target, port.bridge, port.vlan)
        _batch(switch(port.node), [f"link set {far} netns {switch(target)}"])
        _batch(switch(target), [f"link set {far} master {bridge}", f"link set {far} {'up' if port.up else 'down'}"])


def client(namespace: str, port: Port, address: IPv4Interface, gateway: IPv4Address | None) -> None:
    """Make a client with a static address on a switch port."""
    if exists(namespace):
        return
    make(namespace)
    attach(port)
    route = [f"route replace default via {gateway}"] if gateway else []
    _batch(namespace, [f"addr replace {address} dev {port.interface}", f"link set {port.interface} up", *route])


def internet() -> str:
    """Return the namespace of the operator's access network; make it with its public side and two hosts."""
    name = f"{prefix()}-inet"
    with _alone():
        if exists(f"{name}1"):
            return name
        make(name)
        command.run(("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv4.ip_forward=1"))
        if command.attempt(("ip", "-n", name, "link", "show", "public")).status != 0:
            _batch(
                name,
                [
                    "link add public type bridge forward_delay 0",
                    f"addr add {PUBLIC[1]}/{PUBLIC.prefixlen} dev public",
                    "link set public up",
                ],
            )
        for index, address in enumerate(PUBLIC_HOSTS):
            host = f"{name}{index}"
            remove(host)
            make(host)
            _batch(None, [f"link add h{index} netns {name} type veth peer name eth0 netns {host}"])
            _batch(name, [f"link set h{index} master public", f"link set h{index} up"])
            _batch(host, [f"addr add {address}/{PUBLIC.prefixlen} dev eth0", "link set eth0 up", f"route add default via {PUBLIC[1]}"])
    return name


def connect(uplink: Uplink) -> None:
    """Connect a site's uplink VLAN with the operator; also route what lies behind it, so that entering can be tried."""
    name, port = internet(), "s" + _short(uplink.node)
    attach(Port(namespace=name, interface=port, mac=None, node=uplink.node, bridge=uplink.bridge, vlan=UPLINK_VLAN))
    _batch(
        name, [f"addr replace {uplink.operator} dev {port}", f"link set {port} up", f"route replace {uplink.behind} via {uplink.site.ip}"]
    )


class Wires:
    """The nodes' switches, as the API changes them."""

    def apply(self, node: str, bridges: Sequence[str]) -> None:
        """Make the node's switch; each bridge's VLANs appear with their first port."""
        del bridges
        with _alone():
            make(switch(node))

    def protect(self, node: str, wanted: Filter) -> None:
        """Put the firewall of the node's guests in force; that of a node that is switched off comes with its first guest's start."""
        with _alone():
            if not exists(switch(node)):
                return
            zones = sorted({f"{card.bridge}v{card.vlan or 0}" for card in wanted.cards})
            text = guest_firewall.ruleset(wanted, lambda card: port_of(guest(card.vmid), f"eth{card.index}"), zones)
            _call_filter(switch(node), on=bool(wanted.cards))
            command.run(("ip", "netns", "exec", switch(node), "nft", "-f", "-"), command.Run(stdin=text))

    def plug(self, node: str, vmid: int, nic: Nic) -> None:
        """Put the switch's end of a guest's card on its bridge, with its link up or down."""
        with _alone():
            far, bridge = port_of(guest(vmid), f"eth{nic.index}"), _bridge(node, nic.bridge, nic.vlan)
            _batch(switch(node), [f"link set {far} master {bridge}", f"link set {far} {'up' if nic.linked else 'down'}"])

    def remove(self, node: str) -> None:
        """Remove the node's switch."""
        remove(switch(node))
