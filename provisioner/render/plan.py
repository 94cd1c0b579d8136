"""The plan for people: tables of zones, guests, flows, tunnels and devices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from provisioner.plan.plan import Endpoint, Flow, Guest, Plan, Protocol, Reservation, Service, Tunnel, Uplink, Zone

Row = tuple[str, ...]
Item = TypeVar("Item")


def as_text(plan: Plan) -> str:
    """Return the plan as plain text, one table after the other."""
    parts = [_head(plan)]
    for title, columns, rows in _tables(plan):
        if rows:
            parts.append(f"{title} ({len(rows)})\n{_table(columns, rows)}")
    return "\n\n".join((*parts, f"hash {plan.hash}"))


def _head(plan: Plan) -> str:
    hubs = f", hubs {', '.join(plan.hubs)}" if plan.hubs else ""
    return (
        f"{plan.title} ({plan.kind} {plan.site}, profile {plan.profile}{hubs})\n"
        f"slot {plan.slot}, prefix {plan.prefix}, AS {plan.asn}, domain {plan.domain}\n"
        f"node {plan.node}, bridge {plan.bridge}, storage {plan.datastore}, pool {plan.pool}"
    )


def _tables(plan: Plan) -> tuple[tuple[str, Row, list[Row]], ...]:
    return (
        ("Uplinks", ("name", "address", "next hop"), _rows(plan.uplinks, _uplink)),
        ("Zones", ("name", "vlan", "prefix", "gateway", "interface", "dhcp"), _rows(plan.zones, _zone)),
        ("Guests", ("vmid", "name", "cores", "MiB", "GiB", "image", "address", "uuid"), _rows(plan.guests, _guest)),
        ("Services", ("no", "name", "title", "address", "data"), _rows(plan.services, _service)),
        ("Flows", ("id", "from", "to", "service", "owner", "reason"), _rows(plan.flows, _flow)),
        ("Tunnels", ("id", "interface", "address", "hub address", "endpoint"), _rows(plan.tunnels, _tunnel)),
        ("Reservations", ("zone", "name", "mac", "address"), _rows(plan.reservations, _device)),
        ("Acceptance checks by kind", ("kind", "number"), _counts(plan)),
    )


def _rows(items: Iterable[Item], row: Callable[[Item], Row]) -> list[Row]:
    return [row(item) for item in items]


def _uplink(uplink: Uplink) -> Row:
    return (uplink.name, str(uplink.address), str(uplink.gateway))


def _zone(zone: Zone) -> Row:
    vlan = "-" if zone.vlan is None else str(zone.vlan)
    return (zone.name, vlan, str(zone.prefix), str(zone.gateway), zone.interface, "yes" if zone.dhcp else "-")


def _service(service: Service) -> Row:
    return (str(service.number), service.name, service.title, f"{service.hostname}:{service.port}", service.data_class)


def _tunnel(tunnel: Tunnel) -> Row:
    endpoint = f"{tunnel.hub_endpoint}:{tunnel.port}"
    return (tunnel.id, tunnel.interface, str(tunnel.address), str(tunnel.hub_address.ip), endpoint)


def _device(device: Reservation) -> Row:
    return (device.zone, device.name, device.mac, str(device.address))


def _guest(guest: Guest) -> Row:
    first = guest.nics[0].address
    size = (str(guest.cores), str(guest.memory), str(guest.disk))
    return (str(guest.vmid), guest.name, *size, guest.image, str(first), str(guest.uuid))


def _flow(flow: Flow) -> Row:
    ports = ",".join(map(str, flow.ports))
    service = flow.protocol.value if flow.protocol is Protocol.ICMP else f"{flow.protocol}/{ports}"
    return (flow.id, _end(flow.source), _end(flow.destination), service, flow.owner, flow.reason)


def _end(end: Endpoint) -> str:
    return f"{end.zone}/{end.guest}" if end.guest else end.zone


def _counts(plan: Plan) -> list[Row]:
    kinds = sorted({check.kind for check in plan.checks})
    return [(kind.value, str(sum(check.kind is kind for check in plan.checks))) for kind in kinds]


def _table(columns: Row, rows: Sequence[Row]) -> str:
    """Return aligned columns; the last one is not padded."""
    table = [columns, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(columns))]
    return "\n".join("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table)
