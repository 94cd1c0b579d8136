"""The rulesets of a site's guests, as text for nft, from the plan's flows.

The gateway dispatches each new connection by its pair of interfaces: a pair that no flow names is dropped. Each rule
names the source's prefix too, so that a forged source address opens nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, collapse_addresses
from itertools import permutations, product

from provisioner.plan.plan import Endpoint, Flow, Guest, Plan, Protocol, SiteKind, Zone
from provisioner.render.nftables_text import as_set, chain, named, verdict_map

GATEWAY, WAN, VPN = "gateway", "wan", "vpn"
_DHCP_SERVER, _DHCP_CLIENT = 67, 68  # RFC 2131, section 4.1
_MAPS = ("pair", "entry", "departure")
_NOT_INTERNET = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # RFC 1122, section 3.2.1.3
        "10.0.0.0/8",  # RFC 1918
        "100.64.0.0/10",  # RFC 6598
        "127.0.0.0/8",  # RFC 1122
        "169.254.0.0/16",  # RFC 3927
        "172.16.0.0/12",  # RFC 1918
        "192.168.0.0/16",  # RFC 1918
        "224.0.0.0/3",  # RFC 1112 and reserved
    )
)


def gateway(plan: Plan) -> str:
    """Return the gateway's ruleset: one transaction that keeps base chains and counters in place."""
    chains = _chains(plan)
    unwanted = sorted(_possible(plan) - set(chains))
    return "\n".join(
        (
            "#!/usr/sbin/nft -f",
            f"# The flows of {plan.site}, compiled by provisioner/render/nftables.py. Loading it again loses no packet.",
            *(f'define {name} = "{interface}"' for zone in plan.zones for name, interface in _interfaces(plan, zone)),
            f"define not_internet = {as_set(_not_internet(plan))}",
            "",
            "table inet teranga {",
            *_maps(plan, ()),
            "}",
            "flush table inet teranga",
            *(f"flush map inet teranga {name}" for name in _MAPS),
            *(f"destroy chain inet teranga {name}" for name in unwanted),
            "table inet teranga {",
            *(f"    counter {name} {{\n    }}" for name in ("forward_drop", "input_drop", "output_drop")),
            *(line for name, rules in chains.items() for line in chain(name, rules)),
            *_maps(plan, chains),
            *(line for name, rules in _base_chains(plan) for line in chain(name, rules)),
            "}",
            "",
        )
    )


def guest(plan: Plan, one: Guest) -> str:
    """Return the ruleset of a guest behind the gateway: the flows that lead to it may come in, all may go out."""
    homes = {nic.zone for nic in one.nics}
    flows = [flow for flow in plan.flows if flow.destination.zone in homes and flow.destination.guest in (one.name, None)]
    rules = [_rule(flow, (_from(plan, flow.source), *_to_ports(flow))) for flow in flows]
    return "\n".join(
        (
            "#!/usr/sbin/nft -f",
            f"# The flows that lead to {one.name} of {plan.site}, compiled by provisioner/render/nftables.py.",
            "table inet teranga {",
            "}",
            "flush table inet teranga",
            "table inet teranga {",
            "    counter input_drop {\n    }",
            *chain(
                "input",
                (
                    "type filter hook input priority filter; policy drop;",
                    *_known("input_drop"),
                    'iifname "lo" accept',
                    *rules,
                    "counter name input_drop drop",
                ),
            ),
            "}",
            "",
        )
    )


def remote(plan: Plan) -> tuple[IPv4Network, ...]:
    """Return what lies behind the tunnels: at a centre the hubs, at a hub the centres."""
    hub = plan.kind is SiteKind.HUB
    far = [
        network for tunnel in plan.tunnels for network in (*(tunnel.site_prefixes if hub else tunnel.hub_prefixes), tunnel.address.network)
    ]
    return tuple(sorted(collapse_addresses(far)))


def _own_interfaces(plan: Plan, zone: Zone) -> tuple[str, ...]:
    """Return the gateway's interfaces in a zone: one, but for the tunnels."""
    if zone.name != VPN or not plan.tunnels:
        return (zone.interface,)
    hub = plan.kind is SiteKind.HUB
    return tuple(sorted({tunnel.hub_interface if hub else tunnel.interface for tunnel in plan.tunnels}))


def _interfaces(plan: Plan, zone: Zone) -> tuple[tuple[str, str], ...]:
    """Return the define and the name of each interface of a zone."""
    base = named("if", zone.name)
    return tuple((base if order == 1 else f"{base}_{order}", name) for order, name in enumerate(_own_interfaces(plan, zone), start=1))


def _own_addresses(plan: Plan, zone: Zone) -> tuple[IPv4Address, ...]:
    """Return the gateway's own addresses in a zone."""
    if zone.name != VPN:
        return (zone.gateway,)
    hub = plan.kind is SiteKind.HUB
    ends = {tunnel.hub_address.ip if hub else tunnel.address.ip for tunnel in plan.tunnels}
    return tuple(sorted({zone.gateway, *ends}))


def _not_internet(plan: Plan) -> tuple[IPv4Network, ...]:
    """Return the ranges that are not the Internet, less the operator's own servers that lie in them."""
    left = list(_NOT_INTERNET)
    servers = [*plan.dns_upstream, *(IPv4Address(text) for text in plan.time_servers if _is_address(text))]
    for server in servers:
        host = IPv4Network(server)
        left = [part for network in left for part in (network.address_exclude(host) if host.subnet_of(network) else (network,))]
    return tuple(sorted(left))


def _is_address(text: str) -> bool:
    return text.replace(".", "").isdigit()


def _zone(plan: Plan, name: str) -> Zone:
    return next(zone for zone in plan.zones if zone.name == name)


def _address(plan: Plan, end: Endpoint) -> IPv4Address:
    if outside := next((host for host in plan.hosts if host.name == end.guest), None):
        return outside.address
    one = next(one for one in plan.guests if one.name == end.guest)
    return next(nic.address.ip for nic in one.nics if nic.zone == end.zone)


def _networks(plan: Plan, end: Endpoint) -> str | None:
    """Return the addresses of an endpoint, or None for the Internet."""
    zone = _zone(plan, end.zone)
    if end.guest == GATEWAY:
        return as_set(_own_addresses(plan, zone))
    if end.guest:
        return str(_address(plan, end))
    if zone.name == WAN:
        return None
    return as_set(remote(plan) if zone.name == VPN else (zone.prefix,))


def _from(plan: Plan, end: Endpoint) -> str:
    networks = _networks(plan, end)
    return "ip saddr != $not_internet" if networks is None else f"ip saddr {networks}"


def _to(plan: Plan, flow: Flow) -> str:
    networks = _networks(plan, flow.destination)
    if networks is not None:
        return f"ip daddr {networks}"
    hubs = {tunnel.hub_endpoint for tunnel in plan.tunnels if tunnel.port in flow.ports}
    if flow.source.guest == GATEWAY and hubs:
        return f"ip daddr {as_set(sorted(hubs))}"  # the operator's access network is no Internet, the hubs live there
    return "ip daddr != $not_internet"


def _to_ports(flow: Flow) -> tuple[str, ...]:
    if flow.protocol is Protocol.ICMP:
        return ("icmp type echo-request",)
    return (f"{flow.protocol} dport {as_set(flow.ports)}",)


def _rule(flow: Flow, matches: Sequence[str]) -> str:
    until = (f'meta time <= "{flow.expires} 23:59:59"',) if flow.expires else ()
    return " ".join((*matches, *until, f'accept comment "flow:{flow.id}"'))


def _chains(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Return the rules of each chain that a flow needs, by the chain's name."""
    made: dict[str, tuple[str, ...]] = {}
    for flow in plan.flows:
        for name, rule in _placed(plan, flow):
            made[name] = (*made.get(name, ()), rule)
    return dict(sorted(made.items()))


def _placed(plan: Plan, flow: Flow) -> Iterator[tuple[str, str]]:
    """Yield each rule of a flow and its chain; what stays within one zone's switch never meets the gateway."""
    source, target = flow.source, flow.destination
    if target.guest == GATEWAY and source.guest != GATEWAY:
        yield named("in", source.zone), _rule(flow, (*_entry(plan, flow), *_to_ports(flow)))
        if _is_dhcp(flow):  # an offer answers no connection that the kernel could know
            answer = f"ip saddr {_zone(plan, target.zone).gateway} udp sport {_DHCP_SERVER} udp dport {_DHCP_CLIENT}"
            yield named("out", source.zone), _rule(flow, (answer,))
    elif source.guest == GATEWAY:
        yield named("out", target.zone), _rule(flow, (_to(plan, flow), *_to_ports(flow)))
    elif source.zone != target.zone or _relays(plan, source):
        yield named(source.zone, target.zone), _rule(flow, (_from(plan, source), _to(plan, flow), *_to_ports(flow)))


def _relays(plan: Plan, end: Endpoint) -> bool:
    """Return whether what stays in a zone meets the gateway all the same: at a hub, from one tunnel to another."""
    return plan.kind is SiteKind.HUB and end.zone == VPN


def _is_dhcp(flow: Flow) -> bool:
    return flow.protocol is Protocol.UDP and flow.ports == (_DHCP_SERVER,)


def _entry(plan: Plan, flow: Flow) -> tuple[str, ...]:
    """Return the addresses of a flow to the gateway itself."""
    own = _own_addresses(plan, _zone(plan, flow.destination.zone))
    if _is_dhcp(flow):  # a client has no address yet and asks everybody
        prefix = _zone(plan, flow.source.zone).prefix
        return f"ip saddr {{ 0.0.0.0, {prefix} }}", f"ip daddr {{ 255.255.255.255, {own[0]} }}", f"udp sport {_DHCP_CLIENT}"
    if flow.source.zone == WAN and flow.source.guest is None:
        return (f"ip daddr {as_set(own)}",)  # a tunnel comes from any address, the operator's access network included
    return _from(plan, flow.source), f"ip daddr {as_set(own)}"


def _pairs(plan: Plan, zones: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield every ordered pair of zones, and at a hub the tunnels with themselves."""
    names = tuple(zones)
    yield from permutations(names, 2)
    if any(_relays(plan, Endpoint(zone=name)) for name in names):
        yield VPN, VPN


def _possible(plan: Plan) -> set[str]:
    names = [zone.name for zone in plan.zones]
    pairs = {named(*pair) for pair in _pairs(plan, names)}
    return pairs | {named(way, name) for way in ("in", "out") for name in names}


def _maps(plan: Plan, chains: Iterable[str]) -> Iterator[str]:
    """Yield the three maps that dispatch: by pair, by the interface of entry, by the interface of departure."""
    wanted = frozenset(chains)
    words = {zone.name: [f"${define}" for define, _ in _interfaces(plan, zone)] for zone in plan.zones}
    pairs = [
        f"{one} . {other} : jump {named(source, target)}"
        for source, target in _pairs(plan, words)
        if named(source, target) in wanted
        for one, other in product(words[source], words[target])
    ]
    yield from verdict_map("pair", "ifname . ifname", pairs)
    for name, way in (("entry", "in"), ("departure", "out")):
        chosen = [zone for zone in words if named(way, zone) in wanted]
        yield from verdict_map(name, "ifname", [f"{word} : jump {named(way, zone)}" for zone in chosen for word in words[zone]])


def _known(counter: str) -> tuple[str, ...]:
    return "ct state established,related accept", f"ct state invalid counter name {counter} drop"


def _base_chains(plan: Plan) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the chains that the kernel calls: each ends in a drop that is counted."""
    loopback = ('iifname "lo" accept',)
    yield "input", (_hook("input"), *_known("input_drop"), *loopback, "iifname vmap @entry", "counter name input_drop drop")
    yield (
        "output",
        (_hook("output"), *_known("output_drop"), 'oifname "lo" accept', "oifname vmap @departure", "counter name output_drop drop"),
    )
    yield (
        "forward",
        (
            _hook("forward"),
            "tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu",
            *_known("forward_drop"),
            "iifname . oifname vmap @pair",
            "counter name forward_drop drop",
        ),
    )
    if any(zone.name == WAN for zone in plan.zones):
        hidden = f"oifname $if_wan ip saddr {plan.prefix} ip daddr != $not_internet masquerade"
        private = (host.address for host in plan.hosts if any(host.address in network for network in _not_internet(plan)))
        hosts = (f"oifname $if_wan ip saddr {plan.prefix} ip daddr {address} masquerade" for address in private)
        yield "postrouting", ("type nat hook postrouting priority srcnat; policy accept;", hidden, *hosts)


def _hook(name: str) -> str:
    return f"type filter hook {name} priority filter; policy drop;"
