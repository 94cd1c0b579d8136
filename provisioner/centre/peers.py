"""The public keys of tunnels: made on the gateways, read by their agents, remembered as observed state.

A private key never leaves its gateway. A hub only ever gains peers from the centres' runs; `destroy` of a centre retires its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from provisioner import places
from provisioner.adapters.proxmox import observe, token_session
from provisioner.centre.desired import endpoint
from provisioner.errors import ApiError, FindingError, Problem
from provisioner.plan.plan import GuestRole, Plan, SiteKind


def known(site: str) -> dict[str, str]:
    """Return the peers of a site: tunnel id -> public key at its other end."""
    file = places.site(site).observed / "peers.json"
    return dict(json.loads(file.read_text())) if file.exists() else {}


def remember(site: str, peers: Mapping[str, str], retired: Iterable[str] = ()) -> bool:
    """Add peers to those known and drop the retired; return whether anything changed. The caller holds the site's lock."""
    before = known(site)
    after = {key: value for key, value in (before | dict(peers)).items() if key not in frozenset(retired)}
    if after == before:
        return False
    file = places.site(site).observed / "peers.json"
    places.write(file, json.dumps(after, indent=1, sort_keys=True) + "\n")
    return True


def public_key(plan: Plan, interface: str) -> str:
    """Return the public key of a tunnel interface, read from the site's gateway by its agent."""
    gateway = next(guest for guest in plan.guests if guest.role is GuestRole.GATEWAY)
    try:
        session = token_session(endpoint(plan.site))
        return observe.read_file(session, plan.node, gateway.vmid, f"/etc/wireguard/{interface}.pub").strip()
    except (ApiError, FindingError) as error:
        raise FindingError(
            Problem(
                where=plan.site,
                what=f"the public key of its {interface} cannot be read: {error}",
                hint=f"run `teranga up {plan.site}` first",
            )
        ) from error


def of_hubs(plan: Plan, hubs: Mapping[str, Plan]) -> dict[str, str]:
    """Return tunnel id -> the hub's public key, for every tunnel of a centre."""
    if plan.kind is SiteKind.HUB:
        return {}
    return {tunnel.id: public_key(hubs[tunnel.hub], tunnel.hub_interface) for tunnel in plan.tunnels}
