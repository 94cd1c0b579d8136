"""The driver `record`: state only. Guests run in name; their agents answer what the configuration says. For unit tests and scale."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import timedelta

from provisioner.lab.guests.driver import AgentError, Interface, Machine, Power, Status
from provisioner.lab.guests.firewall import Filter

HOST_KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA recorded\n"
_NOT_RUNNING = "QEMU guest agent is not running"


class RecordDriver:
    """Keeps which guests run, in memory."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._running: dict[tuple[str, int], tuple[Machine, float]] = {}

    def start(self, machine: Machine) -> None:
        """Note that the guest runs."""
        with self._lock:
            self._running.setdefault((machine.node, machine.vmid), (machine, time.monotonic()))

    def stop(self, machine: Machine) -> None:
        """Note that the guest is stopped."""
        self.erase(machine.node, machine.vmid)

    def shutdown(self, machine: Machine, timeout: timedelta) -> bool:
        """Note that the guest is stopped."""
        del timeout
        self.stop(machine)
        return True

    def reset(self, machine: Machine) -> None:
        """Note that the guest runs from now."""
        self.stop(machine)
        self.start(machine)

    def erase(self, node: str, vmid: int) -> None:
        """Forget the guest."""
        with self._lock:
            self._running.pop((node, vmid), None)

    def status(self, node: str, vmid: int) -> Status:
        """Return whether the guest was started."""
        with self._lock:
            found = self._running.get((node, vmid))
        if found is None:
            return Status(power=Power.STOPPED)
        return Status(power=Power.RUNNING, pid=vmid, uptime=int(time.monotonic() - found[1]))

    def _machine(self, node: str, vmid: int) -> Machine:
        with self._lock:
            found = self._running.get((node, vmid))
        if found is None:
            raise AgentError(_NOT_RUNNING)
        return found[0]

    def ping(self, node: str, vmid: int) -> None:
        """Answer if the guest runs."""
        self._machine(node, vmid)

    def interfaces(self, node: str, vmid: int) -> Sequence[Interface]:
        """Return the cards and addresses of the configuration."""
        machine = self._machine(node, vmid)
        wanted = {} if machine.cloud_init is None else {one.index: one.address for one in machine.cloud_init.addresses}
        found = []
        for nic in machine.nics:
            address = wanted.get(nic.index)
            found.append(Interface(name=f"eth{nic.index}", mac=nic.mac, addresses=() if address is None else (address,)))
        return found

    def read_file(self, node: str, vmid: int, path: str, limit: int) -> bytes:
        """Return the host key, the only file there is."""
        self._machine(node, vmid)
        if path != "/etc/ssh/ssh_host_ed25519_key.pub":
            raise AgentError(f"failed to open file '{path}' (mode: 'r'): No such file or directory")
        return HOST_KEY[:limit]


class RecordSwitch:
    """Keeps which bridges each node has, in memory."""

    def __init__(self) -> None:
        """Begin with none."""
        self.bridges: dict[str, tuple[str, ...]] = {}
        self.filters: dict[str, Filter] = {}

    def apply(self, node: str, bridges: Sequence[str]) -> None:
        """Note the bridges of a node."""
        self.bridges[node] = tuple(bridges)

    def protect(self, node: str, wanted: Filter) -> None:
        """Note the firewall of a node."""
        self.filters[node] = wanted

    def remove(self, node: str) -> None:
        """Forget a node."""
        self.bridges.pop(node, None)
        self.filters.pop(node, None)
