"""The acceptance checks of a plan: what `verify` must see before a site is handed over. Pure; sorted by id.

A vantage is a zone, or `zone/guest` where the flow's source is one guest. `address` is None where only the place of the
run knows it: a host of the Internet side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address
from itertools import permutations, product

from provisioner.plan.plan import Check, CheckKind, Endpoint, Flow, Guest, GuestRole, Plan, Protocol, SiteKind, Zone

GATEWAY = "gateway"
_MANAGEMENT, _WAN, _VPN = "management", "wan", "vpn"
_SSH, _DNS = 22, 53  # IANA service names and port numbers
_Declared = dict[tuple[str, str, Protocol], list[Flow]]
_FIRST_TRIED = 20000  # below Linux's ephemeral ports (32768), above every port a profile declares today


def checks(plan: Plan) -> tuple[Check, ...]:
    """Return every acceptance check of the plan."""
    declared = _declared(plan)
    made = (
        *_flows(plan),
        *_blocked_pairs(plan, declared),
        *_blocked_beside_hosts(plan),
        *_blocked_at_gateway(plan, declared),
        *_leases(plan),
        *_names(plan),
        *_services(plan),
        *_tunnels(plan),
        *_listening(plan),
    )
    return tuple(sorted(made, key=lambda check: check.id))


def vantage(end: Endpoint) -> str:
    """Return an endpoint as a vantage: `zone` or `zone/guest`."""
    return f"{end.zone}/{end.guest}" if end.guest else end.zone


def _zone(plan: Plan, name: str) -> Zone:
    return next(zone for zone in plan.zones if zone.name == name)


def _guest(plan: Plan, name: str) -> Guest:
    return next(guest for guest in plan.guests if guest.name == name)


def _host(plan: Plan, name: str) -> IPv4Address | None:
    return next((host.address for host in plan.hosts if host.name == name), None)


def _far_address(plan: Plan) -> IPv4Address | None:
    """Return the address at the other end of the first tunnel."""
    if not plan.tunnels:
        return None
    first = plan.tunnels[0]
    return first.address.ip if plan.kind is SiteKind.HUB else first.hub_address.ip


def address(plan: Plan, end: Endpoint) -> IPv4Address | None:
    """Return the address that stands for an endpoint; None where only the place of the run knows it."""
    zone = _zone(plan, end.zone)
    if end.guest == GATEWAY:
        return zone.gateway
    if end.guest and (outside := _host(plan, end.guest)):
        return outside
    if end.guest:
        return next(nic.address.ip for nic in _guest(plan, end.guest).nics if nic.zone == end.zone)
    if zone.name == _VPN:
        return _far_address(plan)
    return zone.vantages[0] if zone.vantages else None


def _flows(plan: Plan) -> Iterator[Check]:
    for flow in plan.flows:
        if _proved_by_tunnel(plan, flow):
            continue
        for port in flow.ports or (None,):
            suffix = f"/{port}" if len(flow.ports) > 1 else ""
            yield Check(
                id=f"flow/{flow.id}{suffix}",
                kind=CheckKind.FLOW,
                vantage=vantage(flow.source),
                target=flow.destination,
                address=address(plan, flow.destination),
                protocol=flow.protocol,
                port=port,
                subject=flow.id,
                expected="passes",
            )


def _proved_by_tunnel(plan: Plan, flow: Flow) -> bool:
    """Return whether a flow is WireGuard's own at a centre: it leads to the hubs alone, and a fresh handshake is its proof."""
    outwards = flow.source == Endpoint(zone=_WAN, guest=GATEWAY) and flow.destination == Endpoint(zone=_WAN)
    return outwards and flow.protocol is Protocol.UDP and frozenset(flow.ports) <= {tunnel.port for tunnel in plan.tunnels}


def _declared(plan: Plan) -> _Declared:
    """Return the flows of each pair of zones and protocol."""
    found: _Declared = {}
    for flow in plan.flows:
        found.setdefault((flow.source.zone, flow.destination.zone, flow.protocol), []).append(flow)
    return found


def undeclared_port(plan: Plan, source: str, target: str, protocol: Protocol) -> int:
    """Return the first port from 20000 on that no flow of the pair declares."""
    return _free_port(_declared(plan).get((source, target, protocol), []))


def _free_port(flows: Sequence[Flow]) -> int:
    if not flows:
        return _FIRST_TRIED
    declared = {port for flow in flows for port in flow.ports}
    return next(port for port in range(_FIRST_TRIED, 65536) if port not in declared)


def _blocked_pairs(plan: Plan, declared: _Declared) -> Iterator[Check]:
    """Yield, for every ordered pair of zones, a ping and a TCP and a UDP port that no flow declares.

    Where any client of the one may ping the whole of the other, there is no ping to block.
    """
    names = sorted(zone.name for zone in plan.zones)
    stands = {name: address(plan, Endpoint(zone=name)) for name in names}
    for (source, target), protocol in product(permutations(names, 2), Protocol):
        flows = declared.get((source, target, protocol), [])
        if protocol is Protocol.ICMP and any(not flow.destination.guest for flow in flows):
            continue
        yield Check(
            id=f"blocked/{source}/{target}/{protocol}",
            kind=CheckKind.BLOCKED,
            vantage=source,
            target=Endpoint(zone=target),
            address=stands[target],
            protocol=protocol,
            port=None if protocol is Protocol.ICMP else _free_port(flows),
            subject=f"{source}-{target}",
            expected="dropped",
        )


def _blocked_at_gateway(plan: Plan, declared: _Declared) -> Iterator[Check]:
    """Yield what the gateway itself must refuse: SSH at its management address, and pings at the zone's own."""
    for zone in sorted(plan.zones, key=lambda zone: zone.name):
        own = Endpoint(zone=zone.name, guest=GATEWAY)
        if not any(flow.destination == own for flow in declared.get((zone.name, zone.name, Protocol.ICMP), [])):
            yield _at_gateway(plan, zone.name, own, Protocol.ICMP, None)
        if zone.name not in (_MANAGEMENT, _WAN) and any(other.name == _MANAGEMENT for other in plan.zones):
            yield _at_gateway(plan, zone.name, Endpoint(zone=_MANAGEMENT, guest=GATEWAY), Protocol.TCP, _SSH)


def _at_gateway(plan: Plan, source: str, target: Endpoint, protocol: Protocol, port: int | None) -> Check:
    return Check(
        id=f"blocked/{source}/{target.zone}-{GATEWAY}/{protocol}",
        kind=CheckKind.BLOCKED,
        vantage=source,
        target=target,
        address=address(plan, target),
        protocol=protocol,
        port=port,
        subject=f"{source}-{GATEWAY}",
        expected="dropped",
    )


def _blocked_beside_hosts(plan: Plan) -> Iterator[Check]:
    """Yield, for each flow to one host outside, the same port at another host of that zone, unless a flow opens it too."""
    outside = {host.name for host in plan.hosts}
    wide = {
        (flow.source.zone, port)
        for flow in plan.flows
        if flow.destination.zone == _WAN and not flow.destination.guest
        for port in flow.ports
    }
    for flow in plan.flows:
        for port in flow.ports if flow.destination.guest in outside else ():
            if (flow.source.zone, port) not in wide:
                yield Check(
                    id=f"blocked/{flow.source.zone}/{flow.destination.zone}-beside-{flow.destination.guest}/{flow.protocol}/{port}",
                    kind=CheckKind.BLOCKED,
                    vantage=flow.source.zone,
                    target=Endpoint(zone=flow.destination.zone),
                    address=None,
                    protocol=flow.protocol,
                    port=port,
                    subject=flow.id,
                    expected="dropped",
                )


def _leases(plan: Plan) -> Iterator[Check]:
    for kept in plan.reservations:
        yield Check(
            id=f"dhcp/{kept.zone}/{kept.name}",
            kind=CheckKind.DHCP,
            vantage=f"{kept.zone}/{kept.name}",
            target=Endpoint(zone=kept.zone, guest=GATEWAY),
            address=_zone(plan, kept.zone).gateway,
            protocol=Protocol.UDP,
            subject=kept.name,
            expected=str(kept.address),
        )


def _names(plan: Plan) -> Iterator[Check]:
    """Yield each record from each zone that may ask."""
    asking = sorted(
        {
            flow.source.zone
            for flow in plan.flows
            if flow.destination.guest == GATEWAY and flow.protocol is Protocol.UDP and _DNS in flow.ports and not flow.source.guest
        }
    )
    for zone, record in product(asking, plan.records):
        yield Check(
            id=f"dns/{zone}/{record.name.removesuffix('.' + plan.domain)}",
            kind=CheckKind.DNS,
            vantage=zone,
            target=Endpoint(zone=zone, guest=GATEWAY),
            address=_zone(plan, zone).gateway,
            protocol=Protocol.UDP,
            port=_DNS,
            subject=record.name,
            expected=str(record.address),
        )


def _users(plan: Plan, guest: str, port: int) -> tuple[str, ...]:
    """Return the zones that may use a service, those with reserved devices first."""
    leased = {kept.zone for kept in plan.reservations}
    found = {flow.source.zone for flow in plan.flows if flow.destination.guest == guest and port in flow.ports}
    return tuple(sorted(found, key=lambda zone: (zone not in leased, zone)))


def _services(plan: Plan) -> Iterator[Check]:
    for service in plan.services:
        users = _users(plan, service.guest, service.port)
        if not users:
            continue
        home = next(nic for nic in _guest(plan, service.guest).nics)
        yield Check(
            id=f"service/{service.name}",
            kind=CheckKind.SERVICE,
            vantage=users[0],
            target=Endpoint(zone=home.zone, guest=service.guest),
            address=home.address.ip,
            protocol=Protocol.TCP,
            port=service.port,
            subject=service.name,
            expected=f"https://{service.hostname}:{service.port}{service.health}",
        )


def _tunnels(plan: Plan) -> Iterator[Check]:
    for tunnel in plan.tunnels:
        far = tunnel.address if plan.kind is SiteKind.HUB else tunnel.hub_address
        yield Check(
            id=f"tunnel/{tunnel.id}",
            kind=CheckKind.TUNNEL,
            vantage=f"{_VPN}/{GATEWAY}",
            target=Endpoint(zone=_VPN),
            address=far.ip,
            protocol=Protocol.ICMP,
            subject=tunnel.id,
            expected="a handshake not older than 180 s",
        )


def known_ports(plan: Plan, guest: Guest) -> tuple[str, ...]:
    """Return the ports on which a guest may listen, as `tcp/22`: those that a flow leads to, and WireGuard's own."""
    leading = {f"{flow.protocol}/{port}" for flow in plan.flows if flow.destination.guest == guest.name for port in flow.ports}
    if guest.role is GuestRole.GATEWAY:
        leading |= {f"udp/{tunnel.port}" for tunnel in plan.tunnels}
    return tuple(sorted(leading, key=lambda port: (port.partition("/")[0], int(port.partition("/")[2]))))


def _listening(plan: Plan) -> Iterator[Check]:
    for guest in plan.guests:
        yield Check(
            id=f"listening/{guest.name}",
            kind=CheckKind.LISTENING,
            vantage="agent",
            target=Endpoint(zone=guest.nics[0].zone, guest=guest.name),
            address=None,
            subject=guest.name,
            expected=" ".join(known_ports(plan, guest)),
        )
