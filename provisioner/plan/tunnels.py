"""The tunnels of a site: centre x uplink x hub. At a hub, those of every site that names it."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Interface, IPv4Network

from provisioner.model import Inventory, Kind, Site
from provisioner.plan.numbers import Numbers
from provisioner.plan.plan import Tunnel

_INTERFACE_LENGTH = 15  # Linux, IFNAMSIZ - 1


def site_interface(uplink: str, hub_order: int) -> str:
    """Return the name of a tunnel's interface at the centre; hubs count from 1."""
    return f"wg-{uplink[: _INTERFACE_LENGTH - 5]}-{hub_order + 1}"


def hub_interface(uplink: str) -> str:
    """Return the name of the interface at a hub, where all tunnels over one kind of uplink end."""
    return f"wg-{uplink[: _INTERFACE_LENGTH - 3]}"


def make_tunnels(inventory: Inventory, site: Site) -> tuple[Tunnel, ...]:
    """Return the site's tunnels, sorted by id."""
    if site.kind is Kind.HUB:
        others = inventory.sites.values()
        made = [tunnel for other in others for tunnel in _of_centre(inventory, other) if tunnel.hub == site.name]
    else:
        made = list(_of_centre(inventory, site))
    return tuple(sorted(made, key=lambda tunnel: tunnel.id))


def _of_centre(inventory: Inventory, site: Site) -> Iterator[Tunnel]:
    for uplink in inventory.uplinks_of(site):
        for order, name in enumerate(inventory.hubs_of(site)):
            hub = inventory.sites[name]
            if uplink in inventory.uplinks_of(hub):
                yield _tunnel(inventory, site, hub, uplink, order)


def _tunnel(inventory: Inventory, site: Site, hub: Site, uplink: str, order: int) -> Tunnel:
    here = Numbers(inventory.national_of(site), site.slot)
    there = Numbers(inventory.national_of(hub), hub.slot)
    rule = there.national.uplinks[uplink]
    link = here.tunnel(rule, order)
    return Tunnel(
        id=f"{site.name}-{uplink}-{hub.name}",
        site=site.name,
        hub=hub.name,
        uplink=uplink,
        interface=site_interface(uplink, order),
        hub_interface=hub_interface(uplink),
        hub_endpoint=there.access(rule).network_address + 2,
        port=rule.port,
        address=IPv4Interface((link[0], link.prefixlen)),
        hub_address=IPv4Interface((link[1], link.prefixlen)),
        site_prefixes=(here.prefix,),
        hub_prefixes=(there.prefix, *_beyond(inventory, site)),
    )


def _beyond(inventory: Inventory, site: Site) -> tuple[IPv4Network, ...]:
    """Return what a site reaches behind its hubs: a centre its pole, a pole its centres."""
    others = [inventory.sites[site.pole]] if site.pole else inventory.served_by(site)
    return tuple(sorted(Numbers(inventory.national_of(other), other.slot).prefix for other in others))
