"""The variables of guests that run a role of their own behind TLS: map server, cache, store."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path

from provisioner.plan.plan import Guest, GuestRole, Plan, Service

UTM_28_NORTH = 32628  # EPSG; the whole of Senegal but its eastern edge lies in it
_MAP_PROCESSES = 4
_BACKUPS = "sauvegardes"


def _of(plan: Plan, guest: Guest) -> Service:
    return next(service for service in plan.services if service.guest == guest.name)


def _front(prefix: str, plan: Plan, guest: Guest, servers: Mapping[str, Path]) -> dict[str, object]:
    """Return what every front says: where it listens, under which name and certificate."""
    service = _of(plan, guest)
    return {
        f"{prefix}_address": str(guest.nics[0].address.ip),
        f"{prefix}_certificate": str(servers[service.hostname]),
        f"{prefix}_health": service.health,
        f"{prefix}_hostname": service.hostname,
        f"{prefix}_port": service.port,
    }


def map_server(plan: Plan, guest: Guest, servers: Mapping[str, Path], clients: Mapping[str, Path]) -> Mapping[str, object]:
    """Return the variables of a map server: its database holds what it draws."""
    service = _of(plan, guest)
    database = next(one for one in plan.guests if one.role is GuestRole.DATABASE)
    name = service.database or service.name
    return {
        **_front("map_server", plan, guest, servers),
        "map_server_client_certificate": str(clients[name]),
        "map_server_database": name,
        "map_server_database_address": str(database.nics[0].address.ip),
        "map_server_database_host": f"{database.name}.{plan.domain}",
        "map_server_processes": _MAP_PROCESSES,
        "map_server_projection": UTM_28_NORTH,
        "map_server_title": f"{service.title} · {plan.title}",
    }


def cache(plan: Plan, guest: Guest, servers: Mapping[str, Path]) -> Mapping[str, object]:
    """Return the variables of a pole's cache of Debian's archive; two thirds of its disk are for it."""
    return {
        **_front("cache", plan, guest, servers),
        "cache_resolver": str(guest.nameservers[0]),
        "cache_size": f"{guest.disk * 2 // 3}g",
    }


def store(plan: Plan, guest: Guest, servers: Mapping[str, Path]) -> Mapping[str, object]:
    """Return the variables of a store: each folder, who may read it and who may add files to it."""
    management = next(zone.prefix for zone in plan.zones if zone.name == "management")
    if guest.name == _BACKUPS:
        folders = [_folder(f"/{one.site}/", [management, one.prefix], [one.prefix]) for one in plan.serves]
    else:
        folders = [_folder("/", [], [management])]
    return {**_front("store", plan, guest, servers), "store_folders": folders}


def _folder(path: str, readers: list[IPv4Network], writers: list[IPv4Network]) -> Mapping[str, object]:
    """Return a folder; no readers named: whoever the firewall lets through reads."""
    return {"path": path, "readers": [str(one) for one in readers], "writers": [str(one) for one in writers]}
