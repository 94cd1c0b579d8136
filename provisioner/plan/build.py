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
from provisioner.plan.flows import Ground, make_flows
from provisioner.plan.guests import make_guests
from provisioner.plan.numbers import Numbers
from provisioner.plan.plan import Agent, Answer, FieldAccess, Guest, Host, Plan, Record, Reservation, Served, Service, SiteKind, Zone
from provisioner.plan.tunnels import make_tunnels
from provisioner.plan.zones import WAN, make_uplinks, make_zones

FORMAT = 1
MANAGEMENT = "management"


def build(inventory: Inventory, site: str) -> Plan:
    """Return the plan of a site; raise InventoryError if the inventory has no such site."""
    bare = outline(inventory, site)
    raise_all(InventoryError, incoherences(bare))
    checked = replace(bare, checks=checks(bare))
    return replace(checked, hash=digest(checked))


def outline(inventory: Inventory, site: str) -> Plan:
    """Return the plan of a site without its checks and hash; raise InventoryError if the inventory has no such site."""
    if site not in inventory.sites:
        hint = nearest(site, inventory.sites)
        raise InventoryError(Problem(where=site, what="the inventory has no such site", hint=hint))
    return _decide(inventory, inventory.sites[site])


def _decide(inventory: Inventory, site: Site) -> Plan:
    national, profile = inventory.national_of(site), inventory.profile(site)
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
        flows=make_flows(profile.flows, Ground(frozenset(zone.name for zone in zones), guests, site.partner)),
        records=_records(guests, domain),
        reservations=_reservations(site, numbers, zones),
        tunnels=make_tunnels(inventory, site),
        hubs=inventory.hubs_of(site),
        checks=(),
        hosts=_hosts(inventory, site),
        access=_access(inventory, site, numbers, zones),
        serves=tuple(
            Served(site=one.name, prefix=Numbers(inventory.national_of(one), one.slot).prefix) for one in inventory.served_by(site)
        ),
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
        extensions=service.extensions,
        answers=tuple(Answer(path=one.path, contains=one.contains) for one in service.answers),
    )


def _records(guests: tuple[Guest, ...], domain: str) -> tuple[Record, ...]:
    """Return a name for each guest: the gateway's is its address in `management`; a service's guest bears its name."""
    records = []
    for guest in guests:
        home = next((nic for nic in guest.nics if nic.zone == MANAGEMENT), guest.nics[0])
        records.append(Record(name=f"{guest.name}.{domain}", address=home.address.ip))
    return tuple(sorted(records, key=lambda record: record.name))


def _reservations(site: Site, numbers: Numbers, zones: tuple[Zone, ...]) -> tuple[Reservation, ...]:
    """Return the address of each terminal, printer and kiosk, by zone and number."""
    prefixes = {zone.name: zone.prefix for zone in zones}
    made = []
    for zone, word, devices in (
        ("terminals", "terminal", site.terminals),
        ("printers", "printer", site.printers),
        ("kiosks", "kiosk", site.kiosks),
    ):
        for device in sorted(devices, key=lambda device: device.number):
            address = numbers.device(prefixes[zone], device.number)
            made.append(Reservation(zone=zone, name=f"{word}-{device.number}", mac=device.mac, address=address))
    return tuple(made)


def _hosts(inventory: Inventory, site: Site) -> tuple[Host, ...]:
    """Return the host of the site's partner."""
    if site.partner is None:
        return ()
    rule = inventory.national.partners[site.partner]
    return (Host(name=site.partner, title=rule.title, zone=WAN, address=rule.address),)


def _access(inventory: Inventory, site: Site, numbers: Numbers, zones: tuple[Zone, ...]) -> tuple[FieldAccess, ...]:
    """Return each zone that devices reach through tunnels of their own, with the field agents by number."""
    made = []
    for zone in zones:
        rule = inventory.national.zones.get(zone.name)
        if rule is None or rule.port is None:
            continue
        agents = tuple(
            Agent(
                name=f"agent-{agent.number}",
                title=agent.title,
                address=numbers.device(zone.prefix, agent.number),
                public_key=agent.public_key,
            )
            for agent in sorted(site.agents, key=lambda agent: agent.number)
        )
        made.append(FieldAccess(zone=zone.name, interface=zone.interface, port=rule.port, agents=agents))
    return tuple(made)
