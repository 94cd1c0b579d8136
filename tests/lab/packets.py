"""A small site of network namespaces: three zones of two vantages, a gateway with a real ruleset, no guest."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from itertools import permutations
from pathlib import Path
from time import sleep, time

from provisioner import command
from provisioner.centre.verify.namespaces import NamespaceVantages, Spot, drops, inside
from provisioner.centre.verify.ports import Handshake, Place, WhereAbouts
from provisioner.centre.verify.remote import handshakes
from provisioner.centre.verify.run import run
from provisioner.centre.verify.world import World
from provisioner.errors import OutsideError, Problem
from provisioner.observed.acceptance import Result
from provisioner.plan.acceptance import checks
from provisioner.plan.plan import CheckKind, Endpoint, Flow, Plan, Protocol, SiteKind, Tunnel, Zone

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


HUB = f"{_PREFIX}-hub"
SITE_WG, HUB_WG = f"{_PREFIX}wgs", f"{_PREFIX}wgh"
TUNNEL = Tunnel(
    id="essai-fibre-hub", site="essai", hub="hub", uplink="fibre",
    interface=SITE_WG, hub_interface=HUB_WG, hub_endpoint=IPv4Address("100.127.0.1"),
    port=51999, address=IPv4Interface("10.79.14.0/31"), hub_address=IPv4Interface("10.79.14.1/31"),
    site_prefixes=(IPv4Network("10.79.0.0/20"),), hub_prefixes=(IPv4Network("10.64.0.0/20"),),
)  # fmt: skip
_VPN = Zone(name="vpn", vlan=None, prefix=IPv4Network("10.79.14.0/24"), gateway=IPv4Address("10.79.14.0"), interface=SITE_WG)


def tunnelled_plan() -> Plan:
    """Return the small site's plan with a tunnel to a hub and what crosses it."""
    flows = (
        _flow("tunnel-ping", "vpn", Endpoint(zone="vpn", guest="gateway"), Protocol.ICMP),
        _flow("hub-metrics", "vpn", Endpoint(zone="servers"), Protocol.TCP, 9100),
    )
    bare = plan()
    bare = replace(bare, zones=(*ZONES, _VPN), tunnels=(TUNNEL,), flows=(*bare.flows, *flows))
    wanted = (CheckKind.FLOW, CheckKind.BLOCKED, CheckKind.TUNNEL)
    return replace(bare, checks=tuple(check for check in checks(bare) if check.kind in wanted and "vpn" in check.id + check.vantage))


def tunnelled_ruleset() -> str:
    """Return the good ruleset of the site with a tunnel: `eth` names of zones, and the tunnel's own interface."""
    named = [f"counter drop_vpn_{name} {{ }}\ncounter drop_{name}_vpn {{ }}" for name in (*NAMES, "gateway")]
    dropping = [f'iifname "{SITE_WG}" oifname "eth{a}" counter name drop_vpn_{NAMES[a]} drop' for a in range(3)]
    dropping += [f'oifname "{SITE_WG}" iifname "eth{a}" counter name drop_{NAMES[a]}_vpn drop' for a in range(3)]
    allowed = f'iifname "{SITE_WG}" oifname "eth1" tcp dport 9100 accept'
    guard = [
        f'iifname "{SITE_WG}" icmp type echo-request accept',
        f'iifname "{SITE_WG}" counter name drop_vpn_gateway drop',
        "udp dport 51999 accept",
    ]
    text = ruleset(extra="\n".join(("ct state established,related accept", allowed, *dropping)))
    text = text.replace("table inet teranga {", "\n".join(("table inet teranga {", *named)), 1)
    return text.replace('iifname "eth0" tcp dport 22 accept', "\n".join(('iifname "eth0" tcp dport 22 accept', *guard)), 1)


@contextmanager
def tunnelled_site() -> Iterator[None]:
    """Make the small site, a hub beyond an access network, and a WireGuard tunnel between them."""
    running = []
    with small_site():
        try:
            ip("netns", "add", HUB)
            ip("-n", HUB, "link", "set", "lo", "up")
            ip("link", "add", "up0", "netns", GATEWAY, "type", "veth", "peer", "name", "up0", "netns", HUB)
            for namespace, outer in ((HUB, "100.127.0.1/30"), (GATEWAY, "100.127.0.2/30")):
                ip("-n", namespace, "addr", "add", outer, "dev", "up0")
                ip("-n", namespace, "link", "set", "up0", "up")
            keys = [command.run(["wg", "genkey"]).stdout.strip() for _ in range(2)]
            ends = ((GATEWAY, SITE_WG, TUNNEL.address, "10.79.14.1/32,10.64.0.0/20"), (HUB, HUB_WG, TUNNEL.hub_address, "10.79.0.0/20"))
            for number, (namespace, card, address, allowed) in reversed(tuple(enumerate(ends))):  # the hub listens before the site calls
                running.append(_wireguard(namespace, card))
                public = command.run(["wg", "pubkey"], command.Run(stdin=keys[1 - number])).stdout.strip()
                far = ("endpoint", "100.127.0.1:51999", "persistent-keepalive", "25") if namespace == GATEWAY else ()
                words = [
                    "wg",
                    "set",
                    card,
                    "listen-port",
                    "51999",
                    "private-key",
                    "/dev/stdin",
                    "peer",
                    public,
                    "allowed-ips",
                    allowed,
                    *far,
                ]
                command.run(words, command.Run(stdin=keys[number]))
                ip("-n", namespace, "addr", "add", str(address), "dev", card)
                ip("-n", namespace, "link", "set", card, "up")
            ip("-n", HUB, "route", "add", "10.79.0.0/20", "dev", HUB_WG)
            yield
        finally:
            for process in running:
                command.end(process)
            command.attempt(["ip", "netns", "delete", HUB])


def _wireguard(namespace: str, card: str) -> subprocess.Popen[str]:
    process = command.start(
        [*inside(namespace), "wireguard-go", "-f", card], command.Run(env=command.environment(WG_PROCESS_FOREGROUND="1"))
    )
    socket = Path(f"/var/run/wireguard/{card}.sock")
    while not socket.exists():
        sleep(0.05)
    return process


def load(rules: str) -> None:
    """Replace the gateway's ruleset."""
    command.run([*inside(GATEWAY), "nft", "-f", "-"], command.Run(stdin=f"flush ruleset\n{rules}\n"))


class NamespaceGateway:
    """The small site's gateway."""

    def drops(self) -> Mapping[str, int]:
        """Return its counters."""
        return drops(GATEWAY)

    def handshakes(self) -> tuple[Handshake, ...]:
        """Return its peers, if it has a tunnel: wireguard-go's socket is the same in every network namespace."""
        shown = [command.attempt(["wg", "show", SITE_WG, what]).stdout for what in ("latest-handshakes", "allowed-ips")]
        times, allowed = ("".join(f"{SITE_WG}\t{line}\n" for line in text.splitlines()) for text in shown)
        return handshakes(f"{time():.0f}\n{times}--\n{allowed}")


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


def tunnelled_spots() -> Mapping[Place, Spot]:
    """Return the vantages with the hub, which puts forbidden probes on its tunnel, and the gateway's own end."""
    far = Spot(namespace=HUB, whereabouts=WhereAbouts(address=TUNNEL.hub_address.ip, inject=HUB_WG))
    own = Spot(namespace=GATEWAY, whereabouts=WhereAbouts(address=TUNNEL.address.ip))
    return {**spots(), Place("vpn"): far, Place("vpn", "", 1): far, Place("vpn", "gateway"): own}


def verify(of: Plan, places: Mapping[Place, Spot] | None = None) -> Mapping[str, Result]:
    """Run the checks of a plan in the namespaces and return the results by check."""
    told: list[Result] = []
    with NamespaceVantages(spots=places or spots()) as vantages:  # noqa: SIM117  the second has a comment of its own
        # the gateway's own sshd is a listener put into its namespace
        with NamespaceVantages(
            spots={Place("gw"): Spot(namespace=GATEWAY, whereabouts=WhereAbouts(address=IPv4Address("10.79.0.1")))}
        ) as own:
            session = own.session(Place("gw"))
            assert session is not None
            session.ask("listen", protocol="tcp", address="10.79.0.1", port=22, key="ssh").result(5)
            world = World(plan=of, vantages=vantages, gateway=NamespaceGateway(), agent=NoAgent(), ca="")
            results = run(world, of.checks, told.append)
    assert len(told) == len(results) == len(of.checks)
    return {result.check: result for result in results}
