"""The WireGuard profile of a field agent's device: what the flows of his zone lead to, and nothing else. No secret is in it."""

from __future__ import annotations

from ipaddress import IPv4Address

from provisioner.errors import Problem, UsageError
from provisioner.load.nearest import hint as nearest
from provisioner.plan.plan import Agent, FieldAccess, Flow, Plan

_KEEPALIVE = 25  # seconds; WireGuard's own advice for a peer behind NAT


def find(plan: Plan, name: str) -> tuple[FieldAccess, Agent]:
    """Return an agent of a site and the zone he enters; raise UsageError if there is none of that name."""
    agents = {agent.name: (access, agent) for access in plan.access for agent in access.agents}
    if name not in agents:
        raise UsageError(Problem(where=plan.site, what=f"there is no field agent `{name}`", hint=nearest(name, agents)))
    return agents[name]


def reached(plan: Plan, access: FieldAccess) -> tuple[tuple[Flow, IPv4Address], ...]:
    """Return each flow that begins in the zone, and the address that it leads to."""
    homes = {guest.name: guest.nics[0].address.ip for guest in plan.guests}
    return tuple((flow, homes[flow.destination.guest]) for flow in plan.flows if flow.source.zone == access.zone and flow.destination.guest)


def profile(plan: Plan, name: str, gateway_key: str | None) -> str:
    """Return the profile in wg-quick's syntax; `gateway_key` None: the gateway has not made its pair yet."""
    access, agent = find(plan, name)
    leading = reached(plan, access)
    allowed = ", ".join(f"{address}/32" for address in sorted({address for _, address in leading}))
    return "\n".join(
        (
            f"# {agent.title}, {plan.title}. Reaches {', '.join(_words(flow) for flow, _ in leading)}.",
            *(f"# {service.hostname} is {_home(plan, service.guest)}" for service in plan.services if _leads(leading, service.guest)),
            "[Interface]",
            "# PrivateKey: made on the device; `wg pubkey` gives the public_key of the site's file. It never leaves the device.",
            f"Address = {agent.address}/32",
            "",
            "[Peer]",
            f"PublicKey = {gateway_key}" if gateway_key else f"# PublicKey: `teranga up {plan.site}` makes it on the gateway",
            f"Endpoint = {plan.uplinks[0].address.ip}:{access.port}",
            f"AllowedIPs = {allowed}",
            f"PersistentKeepalive = {_KEEPALIVE}",
            "",
        )
    )


def _words(flow: Flow) -> str:
    return f"{flow.destination.guest} {flow.protocol}/{','.join(map(str, flow.ports))}"


def _home(plan: Plan, name: str) -> IPv4Address:
    return next(guest.nics[0].address.ip for guest in plan.guests if guest.name == name)


def _leads(leading: tuple[tuple[Flow, IPv4Address], ...], guest: str) -> bool:
    return any(flow.destination.guest == guest for flow, _ in leading)
