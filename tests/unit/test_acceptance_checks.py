"""The acceptance checks that a plan implies."""

from __future__ import annotations

from ipaddress import IPv4Address
from itertools import permutations

import pytest

from provisioner import places
from provisioner.load import load
from provisioner.plan import build
from provisioner.plan.acceptance import checks, known_ports, undeclared_port
from provisioner.plan.plan import Check, CheckKind, Plan, Protocol


@pytest.fixture(scope="module")
def kedougou() -> Plan:
    return build(load(places.CHECKOUT / "inventory"), "kedougou")


def _of(plan: Plan, kind: CheckKind) -> tuple[Check, ...]:
    return tuple(check for check in plan.checks if check.kind is kind)


def test_checks_are_sorted_and_their_ids_are_unique(kedougou: Plan) -> None:
    ids = [check.id for check in checks(kedougou)]

    assert ids == sorted(set(ids))


def test_every_port_of_every_flow_has_a_check(kedougou: Plan) -> None:
    by_handshake = "gateway-wireguard"  # leads to the hubs alone: the tunnel's check is its proof
    flows = [flow for flow in kedougou.flows if flow.id != by_handshake]
    wanted = sorted((flow.id, port) for flow in flows for port in flow.ports or (None,))

    assert sorted((check.subject, check.port) for check in _of(kedougou, CheckKind.FLOW)) == wanted
    assert [check.id for check in _of(kedougou, CheckKind.TUNNEL)]


def test_every_ordered_pair_of_zones_has_a_closed_port_of_both_protocols(kedougou: Plan) -> None:
    names = [zone.name for zone in kedougou.zones]
    pairs = {
        (check.vantage, check.target.zone, check.protocol)
        for check in _of(kedougou, CheckKind.BLOCKED)
        if check.target.guest is None and check.protocol is not Protocol.ICMP
    }

    assert pairs == {(*pair, protocol) for pair in permutations(names, 2) for protocol in (Protocol.TCP, Protocol.UDP)}


def test_a_ping_is_blocked_unless_a_flow_opens_the_whole_zone(kedougou: Plan) -> None:
    blocked = {check.id for check in _of(kedougou, CheckKind.BLOCKED)}

    assert "blocked/management/terminals/icmp" not in blocked
    assert "blocked/management/servers/icmp" in blocked  # pings go to the guests, not to any other address


def test_no_blocked_port_is_declared(kedougou: Plan) -> None:
    declared = {(flow.source.zone, flow.destination.zone, flow.protocol, port) for flow in kedougou.flows for port in flow.ports}

    for check in _of(kedougou, CheckKind.BLOCKED):
        if check.port is not None and check.target.guest is None:
            assert (check.vantage, check.target.zone, check.protocol, check.port) not in declared


def test_the_undeclared_port_steps_over_declared_ones(kedougou: Plan) -> None:
    assert undeclared_port(kedougou, "terminals", "servers", Protocol.TCP) == 20000


def test_every_zone_but_management_is_kept_from_the_gateways_ssh(kedougou: Plan) -> None:
    blocked = {check.vantage for check in _of(kedougou, CheckKind.BLOCKED) if check.port == 22}

    assert blocked == {zone.name for zone in kedougou.zones} - {"management", "wan"}


def test_each_reservation_record_service_tunnel_and_guest_has_its_checks(kedougou: Plan) -> None:
    assert {check.expected for check in _of(kedougou, CheckKind.DHCP)} == {str(kept.address) for kept in kedougou.reservations}
    assert len(_of(kedougou, CheckKind.DNS)) == len(kedougou.records) * 4
    assert {check.subject for check in _of(kedougou, CheckKind.SERVICE)} == {service.name for service in kedougou.services}
    assert [check.address for check in _of(kedougou, CheckKind.TUNNEL)] == [IPv4Address("10.65.14.1")]
    assert {check.subject for check in _of(kedougou, CheckKind.LISTENING)} == {guest.name for guest in kedougou.guests}


def test_a_guest_may_listen_only_where_a_flow_leads(kedougou: Plan) -> None:
    database = next(guest for guest in kedougou.guests if guest.name == "database")

    assert known_ports(kedougou, database) == ("tcp/22", "tcp/5432", "tcp/9100")


def test_a_hub_is_checked_without_services_or_terminals() -> None:
    hub = build(load(places.CHECKOUT / "inventory"), "hub-dakar")

    assert {check.kind for check in hub.checks} == set(CheckKind) - {CheckKind.DHCP, CheckKind.SERVICE}
    assert len(_of(hub, CheckKind.TUNNEL)) == len(hub.tunnels)
