"""From a guest's configuration to what a driver starts."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Interface
from urllib.parse import unquote

from provisioner.lab.guests.driver import CloudInit, IpConfig, Machine, Nic
from provisioner.lab.proxmox import drives
from provisioner.lab.proxmox.disk_image import virtual_size
from provisioner.lab.proxmox.drives import Place
from provisioner.lab.proxmox.guest_parameters import AGENT, IP_CONFIG, MEMORY, NIC, SMBIOS
from provisioner.lab.proxmox.guest_store import Guest
from provisioner.lab.proxmox.properties import pairs
from provisioner.lab.proxmox.segments import segment
from provisioner.lab.proxmox.store import Store
from provisioner.lab.proxmox.values import Document, split_list

_MIB = 1 << 20
_DEFAULT_MEMORY = "512"  # MiB, Proxmox's default
_DISK = re.compile(r"(scsi|virtio|sata|ide)(\d+)\Z")


def cores(config: Document) -> int:
    """Return how many processors a guest sees."""
    return int(str(config.get("cores", 1))) * int(str(config.get("sockets", 1)))


def memory(config: Document) -> int:
    """Return a guest's memory in bytes."""
    return int(pairs(str(config.get("memory", _DEFAULT_MEMORY)), MEMORY)["current"]) * _MIB


def agent_enabled(config: Document) -> bool:
    """Return whether the configuration says that the guest runs the agent."""
    return pairs(str(config.get("agent", "0")), AGENT).get("enabled") == "1"


def nics(store: Store, config: Document) -> tuple[Nic, ...]:
    """Return the cards, by index, on the bridges that carry them."""
    found = []
    for key, value in config.items():
        if not key.startswith("net") or not key[3:].isdigit():
            continue
        given = pairs(str(value), NIC)
        bridge, vlan = segment(store, given.get("bridge", ""), int(given["tag"]) if "tag" in given else None)
        found.append(
            Nic(
                index=int(key[3:]),
                mac=given["macaddr"].lower(),
                bridge=bridge,
                vlan=vlan,
                model=given["model"],
                linked=given.get("link_down", "0") != "1",
            )
        )
    return tuple(sorted(found, key=lambda nic: nic.index))


def boot_disk(config: Document) -> str | None:
    """Return the key of the disk a guest starts from: the first of its boot order, else the first there is."""
    disks = [key for key in config if _DISK.match(key) and not drives.is_cdrom(str(config[key]))]
    order = str(config.get("boot", "")).removeprefix("order=").split(";")
    return next((key for key in order if key in disks), next(iter(sorted(disks)), None))


def _ip_config(key: str, value: str) -> IpConfig:
    given = pairs(value, IP_CONFIG)
    ip = given.get("ip")
    fixed = IPv4Interface(ip) if ip and ip != "dhcp" else None
    gateway = IPv4Address(given["gw"]) if "gw" in given else None
    return IpConfig(index=int(key.removeprefix("ipconfig")), address=fixed, gateway=gateway, dhcp=ip == "dhcp")


def cloud_init(config: Document) -> CloudInit | None:
    """Return what the cloud-init drive says; None without such a drive."""
    if not any(drives.is_drive(key) and drives.is_cloud_init(str(value)) for key, value in config.items()):
        return None
    addresses = [_ip_config(key, str(value)) for key, value in config.items() if key.startswith("ipconfig")]
    keys = unquote(str(config.get("sshkeys", ""))).splitlines()
    return CloudInit(
        user=str(config["ciuser"]) if "ciuser" in config else None,
        password_hash=str(config["cipassword"]) if "cipassword" in config else None,
        ssh_keys=tuple(line.strip() for line in keys if line.strip()),
        addresses=tuple(sorted(addresses, key=lambda one: one.index)),
        nameservers=split_list(str(config.get("nameserver", ""))),
        search_domain=str(config["searchdomain"]) if "searchdomain" in config else None,
        upgrade=bool(config.get("ciupgrade", 1)),
    )


def machine(place: Place, guest: Guest) -> Machine:
    """Return what a driver needs to start the guest, from the configuration that is in force."""
    config = guest.config
    key = boot_disk(config)
    volume = drives.volume_of(place, str(config[key])) if key else None
    return Machine(
        node=guest.node,
        vmid=guest.vmid,
        name=str(config.get("name", f"VM {guest.vmid}")),
        uuid=pairs(str(config.get("smbios1", "")), SMBIOS).get("uuid", ""),
        cores=cores(config),
        memory=memory(config),
        disk=volume.path if volume else None,
        disk_size=virtual_size(volume.path) if volume and volume.path.exists() else 0,
        nics=nics(place.lab.store, config),
        cloud_init=cloud_init(config),
        agent=agent_enabled(config),
        firmware=str(config.get("bios", "seabios")),
    )
