"""Inventory to plan: a pure function."""

from __future__ import annotations

from dataclasses import replace

from provisioner.errors import InventoryError, Problem, raise_all
from provisioner.load.nearest import hint as nearest
from provisioner.model import Inventory, Site
from provisioner.model import Service as Catalogued
from provisioner.plan.acceptance import checks
from provisioner.plan.coherence import incoherences
from provisioner.plan.encode import digest
from provisioner.plan.flows import make_flows
from provisioner.plan.guests import make_guests
from provisioner.plan.numbers import Numbers
from provisioner.plan.plan import Guest, Plan, Record, Reservation, Service, SiteKind, Zone
from provisioner.plan.tunnels import make_tunnels
from provisioner.plan.zones import make_uplinks, make_zones

FORMAT = 1
MANAGEMENT = "management"


def build(inventory: Inventory, site: str) -> Plan:
    """Return the plan of a site; raise InventoryError if the inventory has no such site."""
    if site not in inventory.sites:
        hint = nearest(site, inventory.sites)
        raise InventoryError(Problem(where=site, what="the inventory has no such site", hint=hint))
    bare = _decide(inventory, inventory.sites[site])
    raise_all(InventoryError, incoherences(bare))
    checked = replace(bare, checks=checks(bare))
    return replace(checked, hash=digest(checked))


def _decide(inventory: Inventory, site: Site) -> Plan:
    national, profile = inventory.national, inventory.profile(site)
    numbers = Numbers(national, site.slot)
    zones = make_zones(inventory, site, numbers)
    guests = make_guests(inventory, site, numbers, zones)
    domain = f"{site.name}.{national.domain}"
    return Plan(
        format=FORMAT,
        site=site.name,
        kind=SiteKind(site.kind),
        title=site.title,
        profile=profile.name,
        slot=site.slot,
        asn=numbers.asn,
        node=f"pve-{site.name}",
        bridge=national.node.bridge,
        datastore=national.node.datastore,
        pool=f"teranga-{site.name}",
        prefix=numbers.prefix,
        domain=domain,
        time_servers=national.time_servers,
        dns_upstream=national.dns_upstream,
        uplinks=make_uplinks(inventory, site, numbers),
        zones=zones,
        guests=guests,
        services=tuple(_service(service, domain) for service in inventory.services_of(site)),
        flows=make_flows(profile.flows, frozenset(zone.name for zone in zones), guests),
        records=_records(guests, domain),
        reservations=_reservations(site, numbers, zones),
        tunnels=make_tunnels(inventory, site),
        hubs=inventory.hubs_of(site),
        checks=(),
    )


def _service(service: Catalogued, domain: str) -> Service:
    return Service(
        name=service.name,
        number=service.number,
        title=service.title,
        guest=service.name,
        hostname=f"{service.name}.{domain}",
        port=service.port,
        database=service.database,
        health=service.health,
        record_fields=service.record_fields,
        data_class=service.data_class,
        artifact=service.artifact,
        artifact_sha256=service.artifact_sha256,
    )


def _records(guests: tuple[Guest, ...], domain: str) -> tuple[Record, ...]:
    """Return a name for each guest: the gateway's is its address in `management`; a service's guest bears its name."""
    records = []
    for guest in guests:
        home = next((nic for nic in guest.nics if nic.zone == MANAGEMENT), guest.nics[0])
        records.append(Record(name=f"{guest.name}.{domain}", address=home.address.ip))
    return tuple(sorted(records, key=lambda record: record.name))


def _reservations(site: Site, numbers: Numbers, zones: tuple[Zone, ...]) -> tuple[Reservation, ...]:
    """Return the address of each terminal and printer, by zone and number."""
    prefixes = {zone.name: zone.prefix for zone in zones}
    made = []
    for zone, word, devices in (("terminals", "terminal", site.terminals), ("printers", "printer", site.printers)):
        for device in sorted(devices, key=lambda device: device.number):
            address = numbers.device(prefixes[zone], device.number)
            made.append(Reservation(zone=zone, name=f"{word}-{device.number}", mac=device.mac, address=address))
    return tuple(made)
