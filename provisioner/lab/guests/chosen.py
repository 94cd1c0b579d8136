"""Which driver starts which guest: one per node, another per guest where asked for; one that runs stays with the driver it runs under."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from provisioner import places
from provisioner.lab.guests.driver import Console, Driver, Interface, Machine, Power, Status
from provisioner.lab.guests.nspawn import NspawnDriver
from provisioner.lab.guests.qemu import QemuDriver
from provisioner.lab.guests.record import RecordDriver


class Kind(StrEnum):
    """The drivers there are."""

    NSPAWN = "nspawn"
    QEMU = "qemu"
    RECORD = "record"


class _Keeping(Driver, Protocol):
    """A driver that can say of which guests it keeps something."""

    def known(self) -> tuple[int, ...]:
        """Return their VMIDs."""


def _file(root: Path) -> Path:
    return root / "drivers.json"


def _choices(root: Path) -> dict[str, str]:
    return dict(json.loads(_file(root).read_text())) if _file(root).exists() else {}


def choose(root: Path, subject: str | int, kind: Kind) -> None:
    """Write down the driver of a node (its name) or of a guest (its VMID), for its next start."""
    places.write(_file(root), json.dumps(_choices(root) | {str(subject): kind.value}, indent=1, sort_keys=True) + "\n")


def chosen(root: Path, node: str, vmid: int) -> Kind:
    """Return the driver that a guest is started with."""
    made = _choices(root)
    return Kind(made.get(str(vmid), made.get(node, Kind.NSPAWN.value)))


class ChosenDriver:
    """Hands each call to the guest's own driver."""

    def __init__(self, root: Path) -> None:
        """Keep a driver of each kind under `root` (the lab's folder)."""
        self._root = root
        self.nspawn = NspawnDriver(root)
        self.qemu = QemuDriver(root)
        self.record = RecordDriver(root / "recorded.json")
        self._drivers: dict[Kind, _Keeping] = {Kind.NSPAWN: self.nspawn, Kind.QEMU: self.qemu, Kind.RECORD: self.record}

    def kind(self, node: str, vmid: int) -> Kind:
        """Return the driver a guest runs under, else the one it would be started with."""
        for kind, driver in self._drivers.items():
            if driver.status(node, vmid).power is Power.RUNNING:
                return kind
        return chosen(self._root, node, vmid)

    def _of(self, node: str, vmid: int) -> Driver:
        return self._drivers[self.kind(node, vmid)]

    def known(self) -> tuple[int, ...]:
        """Return the VMIDs of which any driver keeps something."""
        return tuple(sorted({vmid for driver in self._drivers.values() for vmid in driver.known()}))

    def forget(self) -> None:
        """Remove what the drivers keep of the lab as a whole, once no guest runs."""
        self.nspawn.forget()

    def start(self, machine: Machine) -> None:
        """Start the guest."""
        self._of(machine.node, machine.vmid).start(machine)

    def stop(self, machine: Machine) -> None:
        """Cut the power."""
        self._of(machine.node, machine.vmid).stop(machine)

    def shutdown(self, machine: Machine, timeout: timedelta) -> bool:
        """Ask the guest to shut down."""
        return self._of(machine.node, machine.vmid).shutdown(machine, timeout)

    def reset(self, machine: Machine) -> None:
        """Cut the power and start again."""
        self._of(machine.node, machine.vmid).reset(machine)

    def erase(self, node: str, vmid: int) -> None:
        """Remove what any driver keeps of the guest."""
        for driver in self._drivers.values():
            driver.erase(node, vmid)

    def save(self, node: str, vmid: int, archive: Path) -> None:
        """Write what the guest's driver keeps of it beside its disks."""
        self._of(node, vmid).save(node, vmid, archive)

    def load(self, node: str, vmid: int, archive: Path) -> None:
        """Put back what the guest's driver kept of it."""
        self._of(node, vmid).load(node, vmid, archive)

    def migrate(self, machine: Machine, target: str) -> None:
        """Carry a guest that runs over to another node's network."""
        self._of(machine.node, machine.vmid).migrate(machine, target)

    def status(self, node: str, vmid: int) -> Status:
        """Return what is seen of the guest."""
        for driver in self._drivers.values():
            seen = driver.status(node, vmid)
            if seen.power is Power.RUNNING:
                return seen
        return Status(power=Power.STOPPED)

    def console_socket(self, node: str, vmid: int, console: Console) -> Path:
        """Return the socket of a guest's serial line or screen; raise GuestError if its driver has none."""
        return self._of(node, vmid).console_socket(node, vmid, console)

    def ping(self, node: str, vmid: int) -> None:
        """Raise AgentError unless the guest's agent answers."""
        self._of(node, vmid).ping(node, vmid)

    def interfaces(self, node: str, vmid: int) -> Sequence[Interface]:
        """Return the guest's interfaces."""
        return self._of(node, vmid).interfaces(node, vmid)

    def read_file(self, node: str, vmid: int, path: str, limit: int) -> bytes:
        """Return a file inside the guest."""
        return self._of(node, vmid).read_file(node, vmid, path, limit)
