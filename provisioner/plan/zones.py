"""The zones and uplinks of a site."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface

from provisioner.model import Inventory, Kind, Site
from provisioner.plan.numbers import TUNNEL_INDEX, Numbers
from provisioner.plan.plan import Uplink, Zone
from provisioner.plan.tunnels import hub_interface, site_interface

WAN, VPN = "wan", "vpn"


def make_uplinks(inventory: Inventory, site: Site, numbers: Numbers) -> tuple[Uplink, ...]:
    """Return the site's uplinks: the operator has the first address of the /30, the gateway the second."""
    made = []
    for name in inventory.uplinks_of(site):
        access = numbers.access(numbers.national.uplinks[name])
        own = IPv4Interface((access.network_address + 2, access.prefixlen))
        made.append(Uplink(name=name, address=own, gateway=access.network_address + 1))
    return tuple(made)


def make_zones(inventory: Inventory, site: Site, numbers: Numbers) -> tuple[Zone, ...]:
    """Return the site's zones: wan on eth0, then those with a VLAN in ascending order, those of tunnels by name, then vpn."""
    names = inventory.zones_of(site)
    rules = inventory.national.zones
    tagged = sorted((rule.vlan, name) for name, rule in rules.items() if name in names and rule.vlan is not None)
    zones = [_wan(inventory, site, numbers)] if WAN in names else []
    for order, (vlan, name) in enumerate(tagged, start=1):
        zones.append(_tagged(name, vlan, f"eth{order}", inventory, numbers))
    for name in sorted(name for name, rule in rules.items() if name in names and rule.port is not None):
        prefix = numbers.zone(rules[name].index)
        zones.append(Zone(name=name, vlan=None, prefix=prefix, gateway=numbers.gateway(prefix), interface=f"wg-{name}"))
    if VPN in names:
        zones.append(_vpn(inventory, site, numbers))
    return tuple(zones)


def _tagged(name: str, vlan: int, interface: str, inventory: Inventory, numbers: Numbers) -> Zone:
    rule = inventory.national.zones[name]
    prefix = numbers.zone(rule.index)
    return Zone(
        name=name,
        vlan=vlan,
        prefix=prefix,
        gateway=numbers.gateway(prefix),
        interface=interface,
        dhcp=rule.dhcp,
        vantages=numbers.vantages(prefix),
    )


def _wan(inventory: Inventory, site: Site, numbers: Numbers) -> Zone:
    """Return the zone of the first uplink; its /30 has no room for a vantage."""
    rule = numbers.national.uplinks[inventory.uplinks_of(site)[0]]
    access = numbers.access(rule)
    return Zone(name=WAN, vlan=rule.vlan, prefix=access, gateway=access.network_address + 2, interface="eth0")


def _vpn(inventory: Inventory, site: Site, numbers: Numbers) -> Zone:
    """Return the zone of the tunnels; a hub's own address in it is .1, which no centre that comes or goes moves."""
    uplink = inventory.uplinks_of(site)[0]
    prefix = numbers.zone(TUNNEL_INDEX)
    own: IPv4Address = numbers.gateway(prefix)
    interface = hub_interface(uplink)
    if site.kind is not Kind.HUB:
        own = numbers.tunnel(numbers.national.uplinks[uplink], 0).network_address
        interface = site_interface(uplink, 0)
    return Zone(name=VPN, vlan=None, prefix=prefix, gateway=own, interface=interface)
