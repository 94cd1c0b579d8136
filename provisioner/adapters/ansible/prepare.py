"""What control must have before it converges a site: certificates, programs, and the inventory over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from provisioner import pki
from provisioner.adapters.ansible import program
from provisioner.places import SitePlaces
from provisioner.plan.plan import GuestRole, Plan
from provisioner.render.ansible import Control, inventory


def prepare(plan: Plan, at: SitePlaces, *, peers: Mapping[str, str], proxy: tuple[str, ...], now: datetime) -> Mapping[str, object]:
    """Return the inventory of a site, its certificates and programs in place.

    `peers`: id of a tunnel -> public key observed at its other end. `proxy`: the endpoint's `ssh_proxy`. `now` is aware.
    """
    clients = [service.database for service in plan.services if service.database]
    issued = pki.issue(at.pki, plan.domain, list(_servers(plan)), clients, now)
    registry = program.registry(at.root / "programs") if plan.services else None
    programs = {service.name: program.artifact(service) or registry for service in plan.services}
    control = Control(
        ssh_key=at.ssh_key,
        known_hosts=at.known_hosts,
        authority=issued.authority,
        proxy=proxy,
        servers=issued.servers,
        clients=issued.clients,
        programs={name: chosen for name, chosen in programs.items() if chosen is not None},
    )
    return inventory(plan, control, peers)


def _servers(plan: Plan) -> Iterator[pki.Server]:
    for guest in plan.guests:
        if guest.role is GuestRole.DATABASE:
            yield pki.Server(name=f"{guest.name}.{plan.domain}", addresses=(guest.nics[0].address.ip,))
    for service in plan.services:
        yield pki.Server(name=service.hostname)
