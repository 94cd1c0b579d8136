"""One look at a site: its guests over the node's API, their rulesets by their agents, their units by SSH. Changes nothing."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

from provisioner import places
from provisioner.adapters.proxmox import Session, observe, observe_site, token_session
from provisioner.centre import adopted
from provisioner.centre.desired import endpoint
from provisioner.centre.inside import Inside
from provisioner.centre.inside import of as into
from provisioner.change.drift import Declared, Firewall
from provisioner.errors import ApiError, CommandError
from provisioner.observed.site import SeenInside, SeenRule, SeenSite
from provisioner.plan.plan import Guest, GuestRole, Plan, SiteKind
from provisioner.render import guest_firewall, nftables

RULESET = "/etc/nftables.conf"
_SSH_SECONDS = timedelta(seconds=20)
_LOOKERS = 4
_EVERYWHERE = ("nftables.service", "prometheus-node-exporter.service", "ssh.service")
_OF_ROLE: Mapping[GuestRole, Sequence[str]] = {
    GuestRole.GATEWAY: ("dnsmasq.service",),
    GuestRole.DATABASE: ("postgresql.service",),
    GuestRole.SERVICE: ("nginx.service",),
    GuestRole.MAP_SERVER: ("mapserv.socket", "nginx.service"),
    GuestRole.CACHE: ("nginx.service",),
    GuestRole.STORE: ("nginx.service",),
}


def outside(plan: Plan) -> SeenSite:
    """Return what the node's API shows of a site; raise ApiError if it does not answer."""
    session = token_session(endpoint(plan.site))
    numbers = [guest.vmid for guest in plan.guests]
    names = [f"{plan.site}-{guest.name}" for guest in plan.guests]
    machines = observe_site.machines(session, numbers, names, plan.pool)
    return SeenSite(site=plan.site, machines=machines, hidden=observe.hidden(session, numbers))


def inside(plan: Plan, seen: SeenSite) -> SeenSite:
    """Return the look with what is inside the guests that run and were converged before."""
    ours = {machine.uuid for machine in seen.machines if machine.running}
    guests = [guest for guest in plan.guests if guest.uuid in ours and guest.name in _converged(plan.site)]
    session, way = token_session(endpoint(plan.site)), into(plan)
    with ThreadPoolExecutor(max_workers=_LOOKERS) as lookers:
        found = lookers.map(lambda guest: _guest(session, plan, guest, way), guests)
    return replace(seen, inside=tuple(found))


def declared(plan: Plan) -> Declared:
    """Return what the plan means in the words of a look, and the disks that were adopted."""
    return Declared(
        firewalls={guest.name: _firewall(plan, guest) for guest in plan.guests},
        disks=adopted.disks(plan.site),
        rulesets={guest.name: sha256(ruleset(plan, guest).encode()).hexdigest() for guest in plan.guests},
        units={guest.name: units(plan, guest) for guest in plan.guests},
    )


def units(plan: Plan, guest: Guest) -> tuple[str, ...]:
    """Return the units that must be active in a guest, as its roles start them."""
    of_role: list[str] = list(_OF_ROLE.get(guest.role, ()))
    if guest.role is GuestRole.GATEWAY:
        of_role += [f"tunnel@{name}.service" for name in _tunnels(plan)]
    if guest.role is GuestRole.SERVICE:
        of_role.append(f"{guest.name}.service")
    return tuple(sorted((*_EVERYWHERE, *of_role)))


def _tunnels(plan: Plan) -> Iterable[str]:
    """Return the tunnel interfaces of a gateway; those of a hub to its centres come with the first centre."""
    own = () if plan.kind is SiteKind.HUB else tuple(tunnel.interface for tunnel in plan.tunnels)
    return (*own, *(access.interface for access in plan.access))


def _firewall(plan: Plan, guest: Guest) -> Firewall:
    """Return a guest's firewall; the gateway forwards: its own ruleset decides, its cards let everything in."""
    if guest.role is GuestRole.GATEWAY:
        return Firewall(input_policy="ACCEPT", rules=())
    wanted = guest_firewall.rules(plan, guest)
    rules = tuple(
        SeenRule(direction="in", action="ACCEPT", source=one.source, protocol=one.protocol, ports=one.ports, comment=one.comment)
        for one in wanted
    )
    return Firewall(input_policy="DROP", rules=rules)


def ruleset(plan: Plan, guest: Guest) -> str:
    """Return the ruleset that the roles write into a guest."""
    return nftables.gateway(plan) if guest.role is GuestRole.GATEWAY else nftables.guest(plan, guest)


def _converged(site: str) -> frozenset[str]:
    file = places.site(site).observed / "converged.json"
    return frozenset(json.loads(file.read_text())) if file.exists() else frozenset()


def _guest(session: Session, plan: Plan, guest: Guest, way: Inside) -> SeenInside:
    try:
        content: str | None = observe.read_file(session, plan.node, guest.vmid, RULESET)
    except ApiError:
        content = None
    digest = None if content is None else sha256(content.encode()).hexdigest()
    return SeenInside(guest=guest.name, ruleset=digest, units=states(way, guest, units(plan, guest)))


def states(way: Inside, guest: Guest, wanted: Sequence[str]) -> Mapping[str, str] | None:
    """Return the state of each unit of a guest; None if it does not answer on SSH."""
    try:
        answer = way.attempt(guest, shlex.join(("systemctl", "is-active", *wanted)), timeout=_SSH_SECONDS)
    except CommandError:
        return None
    found = answer.stdout.split()
    return dict(zip(wanted, found, strict=True)) if len(found) == len(wanted) else None
