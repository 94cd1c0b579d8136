"""Where control reaches each guest: the gateway in `management`, the others at their first card, through the gateway."""

from __future__ import annotations

from ipaddress import IPv4Address

from provisioner.plan.plan import Guest, GuestRole, Plan


def control_address(plan: Plan, guest: Guest) -> IPv4Address:
    """Return the address that control connects to."""
    if guest.role is GuestRole.GATEWAY:
        return next(zone.gateway for zone in plan.zones if zone.name == "management")
    return guest.nics[0].address.ip
