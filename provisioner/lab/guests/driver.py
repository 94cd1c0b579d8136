"""The seam between the lab's Proxmox API and what makes a guest run.

The API stores configurations and files; a driver turns one configuration into a running guest. Drivers know nothing of the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface, IPv6Interface
from pathlib import Path
from typing import Protocol

from provisioner.lab.guests.firewall import Filter


@dataclass(frozen=True, slots=True, kw_only=True)
class Nic:
    """One network card of a guest: `netN` of its configuration."""

    index: int
    mac: str  # lower case, colons
    bridge: str
    vlan: int | None  # IEEE 802.1Q tag of the port; None = untagged
    model: str = "virtio"
    linked: bool = True  # False: link_down=1


@dataclass(frozen=True, slots=True, kw_only=True)
class IpConfig:
    """`ipconfigN`: the address of card N; None means DHCP was asked for or nothing was set."""

    index: int
    address: IPv4Interface | None
    gateway: IPv4Address | None
    dhcp: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudInit:
    """What the cloud-init drive of a guest says."""

    user: str | None
    password_hash: str | None  # crypt(3)
    ssh_keys: tuple[str, ...]
    addresses: tuple[IpConfig, ...]
    nameservers: tuple[str, ...]
    search_domain: str | None
    upgrade: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A guest as the API's configuration describes it, with its files."""

    node: str
    vmid: int
    name: str
    uuid: str
    cores: int
    memory: int  # bytes
    disk: Path | None  # the guest's own first disk, a real qcow2 or raw file on the storage
    disk_size: int  # bytes
    nics: tuple[Nic, ...]
    cloud_init: CloudInit | None
    agent: bool
    firmware: str = "seabios"  # or "ovmf"


def blank(vmid: int, node: str = "") -> Machine:
    """Return what is enough to stop a guest: which it is."""
    return Machine(node=node, vmid=vmid, name="", uuid="", cores=1, memory=0, disk=None, disk_size=0, nics=(), cloud_init=None, agent=False)


class Power(StrEnum):
    """Whether a guest runs."""

    RUNNING = "running"
    STOPPED = "stopped"


class Console(StrEnum):
    """What a person looks at a guest through."""

    SERIAL = "serial"
    SCREEN = "screen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the guest itself shows: measured, never made up."""

    power: Power
    pid: int | None = None
    uptime: int = 0  # seconds
    memory: int = 0  # bytes used
    cpu_seconds: float = 0.0
    network_in: int = 0  # bytes
    network_out: int = 0  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """A network interface as the guest agent reports it."""

    name: str
    mac: str
    addresses: tuple[IPv4Interface | IPv6Interface, ...]


class GuestError(Exception):
    """A driver could not do what was asked; the text goes into the task's log."""


class AgentError(Exception):
    """The guest agent does not answer, or refused; the text is Proxmox's."""


class Driver(Protocol):
    """What starts and stops guests.

    Calls block until done; they are safe to repeat and may come from several threads, one at a time per guest.
    """

    def start(self, machine: Machine) -> None:
        """Start the guest; raise GuestError if it cannot be started."""

    def stop(self, machine: Machine) -> None:
        """Cut the power; no error if it is stopped already."""

    def shutdown(self, machine: Machine, timeout: timedelta) -> bool:
        """Ask the guest to shut down; return whether it was down within `timeout`."""

    def reset(self, machine: Machine) -> None:
        """Cut the power and start again at once."""

    def erase(self, node: str, vmid: int) -> None:
        """Remove everything the driver keeps of this guest (it is stopped)."""

    def save(self, node: str, vmid: int, archive: Path) -> None:
        """Write to a tar file what the driver keeps of the guest's disks beside their own files; raise GuestError if it cannot now."""

    def load(self, node: str, vmid: int, archive: Path) -> None:
        """Put what `save` wrote in place of what is kept of the guest (it is stopped)."""

    def migrate(self, machine: Machine, target: str) -> None:
        """Carry a guest that runs over to another node's network; raise GuestError if it cannot be done while it runs."""

    def status(self, node: str, vmid: int) -> Status:
        """Return what is seen of the guest now."""

    def console_socket(self, node: str, vmid: int, console: Console) -> Path:
        """Return the socket of a guest's serial line or screen (VNC); raise GuestError if it has none."""

    def ping(self, node: str, vmid: int) -> None:
        """Raise AgentError unless the guest's agent answers."""

    def interfaces(self, node: str, vmid: int) -> Sequence[Interface]:
        """Return the guest's interfaces as its agent sees them."""

    def read_file(self, node: str, vmid: int, path: str, limit: int) -> bytes:
        """Return at most `limit` bytes of a file inside the guest; raise AgentError if it cannot be read."""


class Switch(Protocol):
    """The network of one node, as far as the API changes it."""

    def apply(self, node: str, bridges: Sequence[str]) -> None:
        """Make exactly these bridges exist on the node."""

    def protect(self, node: str, wanted: Filter) -> None:
        """Put the hypervisor's firewall of the node's guests in force, in place of the one before."""

    def plug(self, node: str, vmid: int, nic: Nic) -> None:
        """Put a card of a guest that runs on its bridge and VLAN, with its link up or down."""

    def remove(self, node: str) -> None:
        """Remove the node's whole network."""
