"""A small site of network namespaces: three zones of two vantages, a gateway with a real ruleset, no guest."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from itertools import permutations

from provisioner import command
from provisioner.centre.verify.namespaces import NamespaceVantages, Spot, drops, inside
from provisioner.centre.verify.ports import Handshake, Place, WhereAbouts
from provisioner.centre.verify.run import run
from provisioner.centre.verify.world import World
from provisioner.errors import OutsideError, Problem
from provisioner.observed.acceptance import Result
from provisioner.plan.acceptance import checks
from provisioner.plan.plan import CheckKind, Endpoint, Flow, Plan, Protocol, SiteKind, Zone

NAMES = ("management", "servers", "terminals")
_PREFIX = f"v{os.getpid() % 0xFFFF:04x}"
GATEWAY = f"{_PREFIX}-gw"


def _zone(index: int, name: str) -> Zone:
    prefix = IPv4Network((f"10.79.{index}.0", 24))
    return Zone(
        name=name,
        vlan=10 * (index + 1),
        prefix=prefix,
        gateway=prefix[1],
        interface=f"eth{index}",
        vantages=(prefix[250], prefix[251]),
    )


ZONES = tuple(_zone(index, name) for index, name in enumerate(NAMES))


def _flow(name: str, source: str, target: Endpoint, protocol: Protocol, *ports: int) -> Flow:
    return Flow(id=name, source=Endpoint(zone=source), destination=target, protocol=protocol, ports=ports, reason="test", owner="test")


def plan() -> Plan:
    """Return the plan of the small site, with the checks that its namespaces can make."""
    whole = Endpoint(zone="servers")
    gateway = Endpoint(zone="management", guest="gateway")
    bare = Plan(
        format=1, site="essai", kind=SiteKind.CENTRE, title="Essai", profile="essai", slot=900, asn=0, node="pve-essai", bridge="vmbr1",
        datastore="local", pool="essai", prefix=IPv4Network("10.79.0.0/20"), domain="essai.teranga.internal", time_servers=(),
        dns_upstream=(), uplinks=(), zones=ZONES, guests=(), services=(), records=(), reservations=(), tunnels=(), hubs=(), checks=(),
        flows=(
            _flow("ping", "management", whole, Protocol.ICMP),
            _flow("ping-gateway", "management", gateway, Protocol.ICMP),
            _flow("ssh-gateway", "management", gateway, Protocol.TCP, 22),
            _flow("use", "terminals", whole, Protocol.TCP, 443),
            _flow("time", "terminals", whole, Protocol.UDP, 123),
        ),
    )  # fmt: skip
    made = tuple(check for check in checks(bare) if check.kind in (CheckKind.FLOW, CheckKind.BLOCKED))
    return replace(bare, checks=made)


def ruleset(extra: str = "", without: str = "") -> str:
    """Return the good ruleset, with rules put in front of it or one flow taken out."""
    forward = {
        "ping": 'iifname "eth0" oifname "eth1" icmp type echo-request accept',
        "use": 'iifname "eth2" oifname "eth1" tcp dport 443 accept',
        "time": 'iifname "eth2" oifname "eth1" udp dport 123 accept',
    }
    kept = [rule for name, rule in forward.items() if name != without]
    pairs = [(a, b) for a, b in permutations(range(3), 2)]
    named = [f"counter drop_{NAMES[a]}_{NAMES[b]} {{ }}" for a, b in pairs] + [f"counter drop_{name}_gateway {{ }}" for name in NAMES]
    dropping = [f'iifname "eth{a}" oifname "eth{b}" counter name drop_{NAMES[a]}_{NAMES[b]} drop' for a, b in pairs]
    refusing = [f'iifname "eth{a}" counter name drop_{NAMES[a]}_gateway drop' for a in range(3)]
    return "\n".join((
        "table inet teranga {",
        *named,
        "chain input {",
        "type filter hook input priority 0; policy drop;",
        "iifname lo accept",
        "ct state established,related accept",
        'iifname "eth0" icmp type echo-request accept',
        'iifname "eth0" tcp dport 22 accept',
        *refusing,
        "}",
        "chain forward {",
        "type filter hook forward priority 0; policy drop;",
        extra,
        "ct state established,related accept",
        *kept,
        *dropping,
        "}",
        "}",
    ))  # fmt: skip


def ip(*words: str) -> None:
    """Run `ip`."""
    command.run(["ip", *words])


def _namespace(zone: Zone, index: int) -> str:
    return f"{_PREFIX}-{zone.name[:4]}{index}"


def _wire(zone: Zone, number: int) -> None:
    """Join a zone's gateway card and its two vantages by a bridge of the gateway's own switch namespace."""
    bridge = f"br{number}"
    ip("-n", f"{_PREFIX}-sw", "link", "add", bridge, "type", "bridge")
    ip("-n", f"{_PREFIX}-sw", "link", "set", bridge, "up")
    ends = [(GATEWAY, zone.interface, f"{zone.gateway}/24")]
    ends += [(_namespace(zone, index), "eth0", f"{address}/24") for index, address in enumerate(zone.vantages)]
    for order, (namespace, card, address) in enumerate(ends):
        port = f"p{number}{order}"
        ip("link", "add", port, "netns", f"{_PREFIX}-sw", "type", "veth", "peer", "name", card, "netns", namespace)
        ip("-n", f"{_PREFIX}-sw", "link", "set", port, "master", bridge, "up")
        ip("-n", namespace, "addr", "add", address, "dev", card)
        ip("-n", namespace, "link", "set", card, "up")
        if namespace != GATEWAY:
            ip("-n", namespace, "route", "add", "default", "via", str(zone.gateway))


def _all_namespaces() -> tuple[str, ...]:
    return (GATEWAY, f"{_PREFIX}-sw", *(_namespace(zone, index) for zone in ZONES for index in (0, 1)))


@contextmanager
def small_site() -> Iterator[None]:
    """Make the namespaces and remove them."""
    try:
        for namespace in _all_namespaces():
            ip("netns", "add", namespace)
            ip("-n", namespace, "link", "set", "lo", "up")
        for number, zone in enumerate(ZONES):
            _wire(zone, number)
        command.run([*inside(f"{_PREFIX}-sw"), "sysctl", "-q", "-w", "net.bridge.bridge-nf-call-iptables=0"])
        command.run([*inside(GATEWAY), "sysctl", "-q", "-w", "net.ipv4.ip_forward=1"])
        yield
    finally:
        for namespace in _all_namespaces():
            command.attempt(["ip", "netns", "delete", namespace])


def load(rules: str) -> None:
    """Replace the gateway's ruleset."""
    command.run([*inside(GATEWAY), "nft", "-f", "-"], command.Run(stdin=f"flush ruleset\n{rules}\n"))


class NamespaceGateway:
    """The small site's gateway."""

    def drops(self) -> Mapping[str, int]:
        """Return its counters."""
        return drops(GATEWAY)

    def handshakes(self) -> tuple[Handshake, ...]:
        """It has no tunnel."""
        return ()


class NoAgent:
    """There are no guests."""

    def read_file(self, guest: str, path: str) -> str:
        """Refuse."""
        raise OutsideError(Problem(where=guest, what=f"no agent reads {path}"))


def spots(without: str = "") -> Mapping[Place, Spot]:
    """Return the vantages, two per zone; those of the zone `without` are left out."""
    return {
        Place(zone.name, "", index): Spot(namespace=_namespace(zone, index), whereabouts=WhereAbouts(address=address))
        for zone in ZONES
        for index, address in enumerate(zone.vantages)
        if zone.name != without
    }


def verify(of: Plan, places: Mapping[Place, Spot] | None = None) -> Mapping[str, Result]:
    """Run the checks of a plan in the namespaces and return the results by check."""
    told: list[Result] = []
    with NamespaceVantages(spots=places or spots()) as vantages:
        # the gateway's own sshd is a listener put into its namespace
        with NamespaceVantages(spots={Place("gw"): Spot(namespace=GATEWAY, whereabouts=WhereAbouts(address=IPv4Address("10.79.0.1")))}) as own:
            session = own.session(Place("gw"))
            assert session is not None
            session.ask("listen", protocol="tcp", address="10.79.0.1", port=22, key="ssh").result(5)
            world = World(plan=of, vantages=vantages, gateway=NamespaceGateway(), agent=NoAgent(), ca="")
            results = run(world, of.checks, told.append)
    assert len(told) == len(results) == len(of.checks)
    return {result.check: result for result in results}
