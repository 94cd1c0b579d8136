"""The cloud-init seed of a guest, as Proxmox's cloud-init drive says it (NoCloud, network configuration version 1)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from provisioner.lab.guests.driver import CloudInit, IpConfig, Machine, Nic


def _subnet(config: IpConfig | None) -> list[Mapping[str, object]]:
    if config is None or (config.address is None and not config.dhcp):
        return []
    if config.dhcp or config.address is None:
        return [{"type": "dhcp4"}]
    gateway = {"gateway": str(config.gateway)} if config.gateway else {}
    return [{"type": "static", "address": str(config.address.ip), "netmask": str(config.address.netmask)} | gateway]


def _network(nics: tuple[Nic, ...], init: CloudInit) -> Mapping[str, object]:
    by_index = {config.index: config for config in init.addresses}
    cards: list[Mapping[str, object]] = [
        {"type": "physical", "name": f"eth{nic.index}", "mac_address": nic.mac, "subnets": _subnet(by_index.get(nic.index))} for nic in nics
    ]
    names = {"type": "nameserver", "address": list(init.nameservers), "search": [init.search_domain] if init.search_domain else []}
    return {"version": 1, "config": [*cards, names]}


def _user(machine: Machine, init: CloudInit) -> Mapping[str, object]:
    said: dict[str, object] = {"hostname": machine.name, "manage_etc_hosts": True, "chpasswd": {"expire": False}, "users": ["default"]}
    if init.search_domain:
        said["fqdn"] = f"{machine.name}.{init.search_domain}"
    if init.user:
        said["user"] = init.user
    if init.password_hash:
        said["password"] = init.password_hash
    if init.ssh_keys:
        said["ssh_authorized_keys"] = list(init.ssh_keys)
    return said | {"package_upgrade": init.upgrade}


def files(machine: Machine) -> Mapping[str, str]:
    """Return the seed's files by name; the instance id follows from their content, as on Proxmox. JSON is YAML."""
    init = machine.cloud_init
    if init is None:
        return {}
    user = "#cloud-config\n" + json.dumps(_user(machine, init)) + "\n"
    network = json.dumps(_network(machine.nics, init)) + "\n"
    instance = hashlib.sha1(f"{machine.uuid}{user}{network}".encode(), usedforsecurity=False).hexdigest()
    return {"meta-data": f"instance-id: {instance}\n", "user-data": user, "network-config": network}
