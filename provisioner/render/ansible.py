"""The plan as Ansible's variables: one host per guest. No secret is in them, only where control keeps each."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from provisioner.plan.plan import Guest, GuestRole, Plan, Protocol, Service, SiteKind, Tunnel, Zone
from provisioner.plan.reach import control_address
from provisioner.render import hosted, nftables

USER = "teranga"
_EXPORTER = 9100  # prometheus-node-exporter's registered default
_KEEPALIVE = 25  # seconds; WireGuard's own advice for a peer behind NAT
_FIRST_LEASE, _LAST_LEASE = 20, 239  # what lies around them is static
_LEASE = "12h"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A service's program on the control machine."""

    file: Path
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Where control keeps what it brings into the guests, and how it reaches them."""

    ssh_key: Path
    known_hosts: Path
    authority: Path
    proxy: tuple[str, ...] = ()  # ssh's ProxyCommand as words; empty: a direct route
    servers: Mapping[str, Path] = field(default_factory=dict)  # by full name
    clients: Mapping[str, Path] = field(default_factory=dict)  # by database role
    programs: Mapping[str, Program] = field(default_factory=dict)  # by service


def inventory(plan: Plan, control: Control, peers: Mapping[str, str]) -> Mapping[str, object]:
    """Return the inventory of a site. `peers`: id of a tunnel -> public key observed at its other end."""
    hosts = {guest.name: _host(plan, guest, control, peers) for guest in plan.guests}
    return {"all": {"vars": _connection(control), "hosts": hosts}}


def _connection(control: Control) -> Mapping[str, object]:
    settings = {
        "BatchMode": "yes",
        "GlobalKnownHostsFile": "/dev/null",
        "IdentitiesOnly": "yes",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": str(control.known_hosts),
    }
    if control.proxy:
        settings["ProxyCommand"] = shlex.join(control.proxy)
    words = ["-F", "/dev/null", *(word for name, value in settings.items() for word in ("-o", f"{name}={value}"))]
    return {
        "ansible_user": USER,
        "ansible_ssh_private_key_file": str(control.ssh_key),
        "ansible_ssh_common_args": shlex.join(words),
        "ansible_python_interpreter": "/usr/bin/python3",
    }


def _host(plan: Plan, guest: Guest, control: Control, peers: Mapping[str, str]) -> Mapping[str, object]:
    gateway = guest.role is GuestRole.GATEWAY
    common: dict[str, object] = {
        "ansible_host": str(control_address(plan, guest)),
        "guest_role": guest.role.value,
        "base_authority": str(control.authority),
        "base_control_user": USER,
        "base_ruleset": "" if gateway else nftables.guest(plan, guest),
        "base_time_servers": list(plan.time_servers),
        "node_exporter_addresses": [f"{address}:{_EXPORTER}" for address in _exported(plan, guest)],
    }
    match guest.role:
        case GuestRole.GATEWAY:
            return common | dict(_gateway(plan, peers))
        case GuestRole.DATABASE:
            return common | dict(_database(plan, guest, control))
        case GuestRole.SERVICE:
            return common | dict(_service(plan, guest, control))
        case GuestRole.MAP_SERVER:
            return common | dict(hosted.map_server(plan, guest, control.servers, control.clients))
        case GuestRole.CACHE:
            return common | dict(hosted.cache(plan, guest, control.servers))
        case GuestRole.STORE:
            return common | dict(hosted.store(plan, guest, control.servers))


def _exported(plan: Plan, guest: Guest) -> Iterator[str]:
    """Yield where a guest's measures may be read: its address in each zone to which a flow leads."""
    zones = {
        flow.destination.zone
        for flow in plan.flows
        if flow.destination.guest == guest.name and flow.protocol is Protocol.TCP and _EXPORTER in flow.ports
    }
    for zone in plan.zones:
        if zone.name in zones:
            home = next((nic.address.ip for nic in guest.nics if nic.zone == zone.name), zone.gateway)
            yield str(home)


def _gateway(plan: Plan, peers: Mapping[str, str]) -> Mapping[str, object]:
    served = {flow.source.zone for flow in plan.flows if flow.destination.guest == "gateway" and {53, 67} & set(flow.ports)}
    return {
        "gateway_domain": plan.domain,
        "gateway_networks": [_network(plan, zone) for zone in plan.zones if zone.name in served],
        "gateway_records": [{"name": record.name, "address": str(record.address)} for record in plan.records],
        "gateway_reservations": [
            {"zone": kept.zone, "name": kept.name, "mac": kept.mac, "address": str(kept.address)} for kept in plan.reservations
        ],
        "gateway_ruleset": nftables.gateway(plan),
        "gateway_tunnels": [*_tunnels(plan, peers), *_access(plan)],
        "gateway_upstream": [str(server) for server in plan.dns_upstream],
    }


def _network(plan: Plan, zone: Zone) -> Mapping[str, object]:
    return {"name": zone.name, "interface": zone.interface, "gateway": str(zone.gateway), "dhcp": _leases(plan, zone)}


def _leases(plan: Plan, zone: Zone) -> str:
    """Return dnsmasq's dhcp-range: where devices are declared only they get an address, elsewhere anybody does."""
    if not zone.dhcp:
        return ""
    base, mask = zone.prefix.network_address, zone.prefix.netmask
    if any(kept.zone == zone.name for kept in plan.reservations):
        return f"{base},static,{mask},{_LEASE}"
    return f"{base + _FIRST_LEASE},{base + _LAST_LEASE},{mask},{_LEASE}"


def _tunnels(plan: Plan, peers: Mapping[str, str]) -> Iterator[Mapping[str, object]]:
    """Yield each interface: a tunnel at a centre, all tunnels of one kind of uplink at a hub."""
    hub = plan.kind is SiteKind.HUB
    names = sorted({tunnel.hub_interface if hub else tunnel.interface for tunnel in plan.tunnels})
    for name in names:
        ends = [tunnel for tunnel in plan.tunnels if name == (tunnel.hub_interface if hub else tunnel.interface)]
        yield _interface(plan, name, ends, peers) if hub else _site_interface(name, ends[0], peers)


def _access(plan: Plan) -> Iterator[Mapping[str, object]]:
    """Yield the interface of each zone of field agents, with those who are enrolled; it answers, it never calls."""
    for access in plan.access:
        zone = next(zone for zone in plan.zones if zone.name == access.zone)
        yield {
            "interface": access.interface,
            "port": access.port,
            "addresses": [f"{zone.gateway}/{zone.prefix.prefixlen}"],
            "peers": [
                {"tunnel": agent.name, "public_key": agent.public_key, "endpoint": "", "allowed": [f"{agent.address}/32"], "keepalive": 0}
                for agent in access.agents
                if agent.public_key
            ],
        }


def _site_interface(name: str, tunnel: Tunnel, peers: Mapping[str, str]) -> Mapping[str, object]:
    behind = [str(prefix) for prefix in tunnel.hub_prefixes]
    far = f"{tunnel.hub_address.ip}/32"
    peer = _peer(tunnel, peers, endpoint=f"{tunnel.hub_endpoint}:{tunnel.port}", allowed=[far, *behind])
    return {"interface": name, "port": tunnel.port, "addresses": [str(tunnel.address)], "peers": peer}


def _interface(plan: Plan, name: str, ends: Sequence[Tunnel], peers: Mapping[str, str]) -> Mapping[str, object]:
    """Return a hub's interface; it answers, it never calls."""
    own = [f"{zone.gateway}/32" for zone in plan.zones if zone.interface == name]
    return {
        "interface": name,
        "port": ends[0].port,
        "addresses": [*own, *(str(tunnel.hub_address) for tunnel in ends)],
        "peers": [
            peer for tunnel in ends for peer in _peer(tunnel, peers, endpoint="", allowed=[str(prefix) for prefix in tunnel.site_prefixes])
        ],
    }


def _peer(tunnel: Tunnel, peers: Mapping[str, str], *, endpoint: str, allowed: Sequence[str]) -> list[Mapping[str, object]]:
    """Return the peer of a tunnel, or none while its public key was not observed."""
    key = peers.get(tunnel.id)
    if key is None:
        return []
    keepalive = _KEEPALIVE if endpoint else 0
    return [{"tunnel": tunnel.id, "public_key": key, "endpoint": endpoint, "allowed": list(allowed), "keepalive": keepalive}]


def _address_of(plan: Plan, name: str) -> str:
    return str(next(guest.nics[0].address.ip for guest in plan.guests if guest.name == name))


def _database(plan: Plan, guest: Guest, control: Control) -> Mapping[str, object]:
    return {
        "database_address": str(guest.nics[0].address.ip),
        "database_certificate": str(control.servers[f"{guest.name}.{plan.domain}"]),
        "database_memory": guest.memory,
        "database_services": [
            {"name": service.database, "address": _address_of(plan, service.guest), **_extensions(service)}
            for service in plan.services
            if service.database
        ],
    }


def _extensions(service: Service) -> Mapping[str, object]:
    return {"extensions": list(service.extensions)} if service.extensions else {}


def _service(plan: Plan, guest: Guest, control: Control) -> Mapping[str, object]:
    service = next(service for service in plan.services if service.guest == guest.name)
    program = control.programs[service.name]
    return {
        "service_address": str(guest.nics[0].address.ip),
        "service_certificate": str(control.servers[service.hostname]),
        "service_fields": list(service.record_fields),
        "service_health": service.health,
        "service_hostname": service.hostname,
        "service_name": service.name,
        "service_port": service.port,
        "service_program": str(program.file),
        "service_program_sha256": program.sha256,
        "service_title": service.title,
        **_own_database(plan, service, control),
    }


def _own_database(plan: Plan, service: Service, control: Control) -> Mapping[str, object]:
    server = next((guest for guest in plan.guests if guest.role is GuestRole.DATABASE), None)
    if service.database is None or server is None:
        return {}
    return {
        "service_client_certificate": str(control.clients[service.database]),
        "service_database": service.database,
        "service_database_address": str(server.nics[0].address.ip),
        "service_database_host": f"{server.name}.{plan.domain}",
    }
