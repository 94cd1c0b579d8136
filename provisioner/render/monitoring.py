"""What is watched from a hub or a pole: the topology's file (docs/reference/monitoring-topology.md) and Prometheus' targets.

Pure. Only sites whose tunnels lead to the vantage's hubs are in it; one that the fibre's file or the list of communes
does not show is left out and named by `unmapped`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from provisioner.errors import Problem
from provisioner.model import Inventory, Kind, Site
from provisioner.model.fibre import FibreDevice, OntRule, RoutePoint
from provisioner.model.national import Medium
from provisioner.plan.fibre import Route, Segment, routes, segments
from provisioner.plan.plan import Guest, GuestRole, Plan, Protocol, Tunnel

FORMAT = 1
_TIERS = {Kind.HUB: 1, Kind.POLE: 1, Kind.CENTRE: 2}
_EXPORTER = 9100  # prometheus-node-exporter's registered default
_VPN = "vpn"

Tree = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """What every vantage is rendered from: the inventory, the outline of each site, the fibre's routes by hub."""

    inventory: Inventory
    plans: Mapping[str, Plan]
    segments: Mapping[str, Segment]
    routes: Mapping[str, Mapping[str, Route]]


def country(inventory: Inventory, plans: Mapping[str, Plan]) -> Country:
    """Return the country, its routes computed once."""
    hubs = [name for name, site in inventory.sites.items() if site.kind is Kind.HUB]
    return Country(
        inventory=inventory,
        plans=plans,
        segments=segments(inventory),
        routes={hub: routes(inventory, hub) for hub in hubs},
    )


def vantages(inventory: Inventory) -> tuple[str, ...]:
    """Return the sites where an exporter stands: hubs and poles."""
    return tuple(name for name, site in sorted(inventory.sites.items()) if site.kind is not Kind.CENTRE)


def files(of: Country, vantage: str) -> dict[str, str]:
    """Return the files of a vantage: name under its folder -> text."""
    return {"topology.json": _text(topology(of, vantage)), "targets/node.json": _text(targets(of, vantage))}


def unmapped(of: Country) -> tuple[Problem, ...]:
    """Return what keeps a site that has tunnels from being watched over the fibre."""
    found: list[Problem] = []
    for name, site in of.inventory.sites.items():
        folder = f"{site.kind}s/{name}.yml"
        plan = of.plans[name]
        if (plan.tunnels or site.kind is Kind.HUB) and _position(of.inventory, site) is None:
            found.append(Problem(where=folder, what=f"nobody knows where {name} is", hint="write commune or position; till then unwatched"))
        for tunnel in plan.tunnels if site.kind is not Kind.HUB else ():
            if _medium(of, site, tunnel) is Medium.FIBRE and name not in of.routes[tunnel.hub]:
                what = f"no fibre leads from {tunnel.hub} to {name}"
                found.append(Problem(where=folder, what=what, hint="write fibre: {from, length_km}; till then unwatched"))
    return tuple(found)


def topology(of: Country, vantage: str) -> Tree:
    """Return the topology that the exporter at a vantage reads."""
    sites = [shown for site in _watched(of, vantage) if (shown := _site(of, site))]
    names = {str(site["name"]) for site in sites}
    devices = {name: device for name, device in of.inventory.fibre.devices.items() if device.site in names}
    used = _used(of, names, devices)
    tree: Tree = {
        "format": FORMAT,
        "vantage": vantage,
        "sites": [_known_olt(site, devices) for site in sites],
        "segments": [_segment(segment) for name, segment in of.segments.items() if name in used],
        "devices": [_device(name, device) for name, device in sorted(devices.items())],
    }
    return {**tree, "rendered_from": f"sha256:{sha256(_text(tree).encode()).hexdigest()}"}


def targets(of: Country, vantage: str) -> list[Tree]:
    """Return Prometheus' file_sd: each guest's exporter that a flow from the tunnels opens to the vantage."""
    made: list[Tree] = []
    for site in _watched(of, vantage):
        plan = of.plans[site.name]
        pole = {"pole": site.pole} if site.pole else {}
        for guest in plan.guests:
            if address := _exporter(plan, guest):
                labels = {"site": site.name, "kind": site.kind.value, "guest": guest.name, **pole}
                made.append({"targets": [address], "labels": labels})
    return made


def _watched(of: Country, vantage: str) -> Iterator[Site]:
    """Yield what a vantage watches, by name: at a hub every site whose tunnels end there, at a pole itself and its centres."""
    own = of.inventory.sites[vantage]
    for _, site in sorted(of.inventory.sites.items()):
        near = {tunnel.hub for tunnel in of.plans[site.name].tunnels} if site.kind is not Kind.HUB else set()
        if own.kind is Kind.HUB:
            watched = site.kind is Kind.HUB or vantage in near
        else:
            watched = vantage in (site.name, site.pole) or site.name in of.inventory.hubs_of(own)
        if watched:
            yield site


def _position(inventory: Inventory, site: Site) -> tuple[str, float, float] | None:
    if site.position:
        return site.position.region, site.position.latitude, site.position.longitude
    commune = inventory.commune_of(site)
    return (commune.region, commune.latitude, commune.longitude) if commune else None


def _site(of: Country, site: Site) -> Tree | None:
    if (position := _position(of.inventory, site)) is None:
        return None
    region, latitude, longitude = position
    tree: Tree = {
        "name": site.name,
        "kind": site.kind.value,
        "title": site.title,
        "region": region,
        "latitude": latitude,
        "longitude": longitude,
        "tier": _TIERS[site.kind],
    }
    if site.pole:
        tree["pole"] = site.pole
    if site.kind is not Kind.HUB and (paths := list(_paths(of, site))):
        tree["paths"] = paths
    if site.fibre and site.fibre.ont:
        tree["ont"] = _ont(site.fibre.ont)
    return tree


def _known_olt(site: Tree, devices: Mapping[str, FibreDevice]) -> Tree:
    """Return a site without its ONT where the OLT is not watched from this vantage."""
    ont = site.get("ont")
    if isinstance(ont, dict) and ont["olt"] not in devices:
        return {key: value for key, value in site.items() if key != "ont"}
    return site


def _medium(of: Country, site: Site, tunnel: Tunnel) -> Medium:
    return of.inventory.national_of(site).uplinks[tunnel.uplink].medium


def _paths(of: Country, site: Site) -> Iterator[Tree]:
    """Yield a path for each tunnel whose way is known: its own end of the tunnel answers over it."""
    for tunnel in of.plans[site.name].tunnels:
        medium, route = _medium(of, site, tunnel), of.routes[tunnel.hub].get(site.name, ())
        if medium is Medium.FIBRE and not route:
            continue
        path: Tree = {"id": f"{tunnel.uplink}-{tunnel.hub.removeprefix('hub-')}", "hub": tunnel.hub, "medium": medium.value}
        if medium is Medium.FIBRE:
            path["segments"] = list(route)
        yield {**path, "probe": str(tunnel.address.ip)}


def _used(of: Country, sites: set[str], devices: Mapping[str, FibreDevice]) -> set[str]:
    """Return the segments on the way to the sites, and those on which a watched device has a port."""
    ways = {segment for by_site in of.routes.values() for site, route in by_site.items() if site in sites for segment in route}
    return ways | {port.segment for device in devices.values() for port in device.ports}


def _ont(rule: OntRule) -> Tree:
    return {"olt": rule.olt, "pon": rule.pon, "pon_index": rule.pon_index, "number": rule.number, "optics": rule.optics.value}


def _segment(segment: Segment) -> Tree:
    points = {"points": [_point(point) for point in segment.points]} if segment.points else {}
    return {"id": segment.id, "title": segment.title, "ends": list(segment.ends), "length_km": segment.length_km, **points}


def _point(point: RoutePoint) -> Tree:
    title = {"title": point.title} if point.title else {}
    return {"km": point.km, "latitude": point.latitude, "longitude": point.longitude, **title}


def _device(name: str, device: FibreDevice) -> Tree:
    tree: Tree = {"name": name, "kind": device.kind, "family": device.family.value, "site": device.site, "address": str(device.address)}
    if device.snmp:
        tree["snmp"] = {"version": device.snmp.version, "credential": device.snmp.credential}
    if device.cli:
        tree["cli"] = device.cli
    if device.ports:
        tree["ports"] = [
            {"name": port.name, "segment": port.segment, "end": port.end, **({"optics": port.optics.value} if port.optics else {})}
            for port in device.ports
        ]
    return tree


class _Open(NamedTuple):
    """Where a flow from the tunnels leads."""

    zone: str
    guest: str | None


def _exporter(plan: Plan, guest: Guest) -> str | None:
    """Return where a guest's exporter may be read over the tunnels; the gateway's is its own end of the first one."""
    leading = {
        _Open(flow.destination.zone, flow.destination.guest)
        for flow in plan.flows
        if flow.source.zone == _VPN and flow.source.guest is None and flow.protocol is Protocol.TCP and _EXPORTER in flow.ports
    }
    if guest.role is GuestRole.GATEWAY:
        own = next((zone.gateway for zone in plan.zones if zone.name == _VPN and _Open(_VPN, guest.name) in leading), None)
        return f"{own}:{_EXPORTER}" if own else None
    home = next((nic for nic in guest.nics if _Open(nic.zone, guest.name) in leading), None)
    return f"{home.address.ip}:{_EXPORTER}" if home else None


def _text(tree: object) -> str:
    return json.dumps(tree, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
