"""The rules of each guest's own firewall on the hypervisor, from the plan's flows."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.plan.plan import Endpoint, Flow, Guest, Plan, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestRule:
    """One accepted inbound flow of a guest, in Proxmox's words."""

    source: str  # prefix or address
    protocol: str
    ports: str  # comma-separated, empty for icmp
    comment: str


def _source(plan: Plan, end: Endpoint) -> str:
    if end.guest is not None:
        zone = next(zone for zone in plan.zones if zone.name == end.zone)
        if end.guest == "gateway":
            return str(zone.gateway)
        guest = next(guest for guest in plan.guests if guest.name == end.guest)
        return str(next(nic.address.ip for nic in guest.nics if nic.zone == end.zone))
    if end.zone == "vpn":
        return ",".join(sorted({str(prefix) for tunnel in plan.tunnels for prefix in (*tunnel.hub_prefixes, tunnel.hub_address.network)}))
    return str(next(zone.prefix for zone in plan.zones if zone.name == end.zone))


def _reaches(flow: Flow, guest: Guest) -> bool:
    in_zone = any(nic.zone == flow.destination.zone for nic in guest.nics)
    return in_zone and flow.destination.guest in (guest.name, None)


def rules(plan: Plan, guest: Guest) -> tuple[GuestRule, ...]:
    """Return what may open a connection to `guest`, in the order of the plan; all else is dropped."""
    return tuple(
        GuestRule(
            source=_source(plan, flow.source),
            protocol=flow.protocol.value,
            ports="" if flow.protocol is Protocol.ICMP else ",".join(str(port) for port in flow.ports),
            comment=f"flow:{flow.id}",
        )
        for flow in plan.flows
        if _reaches(flow, guest)
    )
