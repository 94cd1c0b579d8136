"""The demonstration: a centre from nothing to a green report in the lab, then a run that changes nothing. Times are measured here."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Interface
from time import monotonic

from provisioner import places
from provisioner.centre import up as site
from provisioner.centre.adoption import adopt, adopted, lab_credential, refuse_rehearsal_of_the_real
from provisioner.centre.desired import plan
from provisioner.centre.journal import Journal
from provisioner.centre.lock import site_lock
from provisioner.lab import lifecycle
from provisioner.lab.rehearsal import NamespaceRehearsal
from provisioner.plan.plan import Plan

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """A centre that stands. Seconds of wall time; `again` is a second `up`, `changes` what it changed."""

    plan: Plan
    seconds: float
    again: float
    changes: int


def stand(name: str, tell: Tell, verify: Callable[[Plan], None]) -> Stood:
    """Stand the centre and its hubs up in the lab, verify it, run `up` again."""
    wanted, started = plan(name), monotonic()
    journal = Journal(name, "demo", tell)
    with journal.step("stand the nodes up"):
        sites = (*(plan(hub) for hub in wanted.hubs), wanted)
        for one in sites:
            refuse_rehearsal_of_the_real(one.site)
        for one in sites:
            lifecycle.up(one)
            tell(f"{one.site}: node {one.node} stands as the installer leaves it")
            _adopt(one.site, tell)
    with ThreadPoolExecutor(max_workers=len(wanted.hubs)) as pool:
        hubs = [pool.submit(site.up, hub, tell, site.How(patience=site.HUB_PATIENCE)) for hub in wanted.hubs]
        site.up(name, tell, site.How(hubs_stand=lambda: [hub.result() for hub in hubs]))
    with journal.step("verify"):
        verify(wanted)
    seconds = monotonic() - started
    tell(f"{name}: from its file to a green report: {seconds:.0f} s")
    started = monotonic()
    changes = site.up(name, tell)
    return Stood(plan=wanted, seconds=seconds, again=monotonic() - started, changes=changes)


def _adopt(name: str, tell: Tell) -> None:
    """Adopt the site's node unless it is; two demonstrations may want the same hub."""
    with site_lock(name, site.HUB_PATIENCE):
        if not adopted(name):
            for line in adopt(name, lab_credential(name), ""):
                tell(f"{name}:   {line}")


def how_to_look(stood: Stood) -> tuple[str, ...]:
    """Return in words how to open a service's page, to see what runs, and to tear the centre down."""
    of, first = stood.plan, stood.plan.services[0]
    address = next(record.address for record in of.records if record.name == first.hostname)
    zone = max((zone for zone in of.zones if zone.vantages), key=lambda zone: zone.name == "terminals")  # else the first
    client = NamespaceRehearsal().vantage(of.site, zone.vlan or 0, IPv4Interface((zone.vantages[0], zone.prefix.prefixlen)), zone.gateway)
    authority = places.site(of.site).pki / "ca.pem"
    return (
        f"{of.site} stands and stays up.",
        f"  a service's page: ip netns exec {client} curl --cacert {authority} --resolve {first.hostname}:{first.port}:{address} https://{first.hostname}/",
        "  what runs:        .venv/bin/teranga lab status",
        f"  tear it down:     .venv/bin/teranga destroy {of.site}    everything: make clean-lab",
    )
