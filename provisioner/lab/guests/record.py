"""The driver `record`: state only. Guests run in name; their agents answer what the configuration says. For unit tests and scale."""

from __future__ import annotations

import fcntl
import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from ipaddress import ip_interface
from pathlib import Path

from provisioner import places
from provisioner.lab.guests import kept
from provisioner.lab.guests.driver import AgentError, Console, GuestError, Interface, Machine, Nic, Power, Status
from provisioner.lab.guests.firewall import Filter

HOST_KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA recorded\n"
_NOT_RUNNING = "QEMU guest agent is not running"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorded:
    """A guest that runs in name: since when (seconds since the epoch), and its cards as (name, MAC, address or nothing)."""

    node: str
    since: float
    cards: tuple[tuple[str, str, str], ...]


def _cards(machine: Machine) -> tuple[tuple[str, str, str], ...]:
    wanted = {} if machine.cloud_init is None else {one.index: one.address for one in machine.cloud_init.addresses}
    return tuple((f"eth{nic.index}", nic.mac, str(wanted.get(nic.index) or "")) for nic in machine.nics)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with file.with_suffix(".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


class RecordDriver:
    """Keeps which guests run: in memory, and in `file` if one is given, so that they live on when the process ends."""

    def __init__(self, file: Path | None = None) -> None:
        """Begin with what the file says, else with none."""
        self._lock = threading.Lock()
        self._file = file
        self._memory: dict[int, _Recorded] = {}

    def _running(self) -> dict[int, _Recorded]:
        """Return which guests run, as the last process left them."""
        if self._file is None or not self._file.exists():
            return self._memory if self._file is None else {}
        known = json.loads(self._file.read_text())
        return {
            int(vmid): _Recorded(node=one["node"], since=one["since"], cards=tuple(map(tuple, one["cards"]))) for vmid, one in known.items()
        }

    @contextmanager
    def _change(self) -> Iterator[dict[int, _Recorded]]:
        """Yield which guests run, to be changed; other threads and processes wait."""
        with self._lock, nullcontext() if self._file is None else _locked(self._file):
            running = self._running()
            yield running
            if self._file is not None:
                places.write(self._file, json.dumps({str(vmid): asdict(one) for vmid, one in running.items()}))

    def known(self) -> tuple[int, ...]:
        """Return the VMIDs of the guests that run."""
        return tuple(sorted(self._running()))

    def start(self, machine: Machine) -> None:
        """Note that the guest runs."""
        with self._change() as running:
            running.setdefault(machine.vmid, _Recorded(node=machine.node, since=time.time(), cards=_cards(machine)))

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
        del node
        if vmid in self._running():
            with self._change() as running:
                running.pop(vmid, None)

    def save(self, node: str, vmid: int, archive: Path) -> None:
        """Write an empty archive: nothing is kept beside the disks."""
        del node, vmid
        kept.pack(None, archive)

    def load(self, node: str, vmid: int, archive: Path) -> None:
        """Do nothing: nothing is kept beside the disks."""

    def migrate(self, machine: Machine, target: str) -> None:
        """Note the guest's other node."""
        with self._change() as running:
            if machine.vmid in running:
                running[machine.vmid] = replace(running[machine.vmid], node=target)

    def status(self, node: str, vmid: int) -> Status:
        """Return whether the guest was started."""
        del node
        found = self._running().get(vmid)
        if found is None:
            return Status(power=Power.STOPPED)
        return Status(power=Power.RUNNING, pid=vmid, uptime=int(time.time() - found.since))

    def _recorded(self, vmid: int) -> _Recorded:
        found = self._running().get(vmid)
        if found is None:
            raise AgentError(_NOT_RUNNING)
        return found

    def console_socket(self, node: str, vmid: int, console: Console) -> Path:
        """Raise GuestError: there is no such device."""
        del node
        raise GuestError(f"VM {vmid} runs under the lab's driver record: it has no {console}")

    def ping(self, node: str, vmid: int) -> None:
        """Answer if the guest runs."""
        del node
        self._recorded(vmid)

    def interfaces(self, node: str, vmid: int) -> Sequence[Interface]:
        """Return the cards and addresses of the configuration."""
        del node
        return [
            Interface(name=name, mac=mac, addresses=(ip_interface(address),) if address else ())
            for name, mac, address in self._recorded(vmid).cards
        ]

    def read_file(self, node: str, vmid: int, path: str, limit: int) -> bytes:
        """Return the host key, the only file there is."""
        del node
        self._recorded(vmid)
        if path != "/etc/ssh/ssh_host_ed25519_key.pub":
            raise AgentError(f"failed to open file '{path}' (mode: 'r'): No such file or directory")
        return HOST_KEY[:limit]


class RecordSwitch:
    """Keeps which bridges each node has, in memory."""

    def __init__(self) -> None:
        """Begin with none."""
        self.bridges: dict[str, tuple[str, ...]] = {}
        self.filters: dict[str, Filter] = {}
        self.plugged: dict[tuple[str, int, int], Nic] = {}

    def apply(self, node: str, bridges: Sequence[str]) -> None:
        """Note the bridges of a node."""
        self.bridges[node] = tuple(bridges)

    def protect(self, node: str, wanted: Filter) -> None:
        """Note the firewall of a node."""
        self.filters[node] = wanted

    def plug(self, node: str, vmid: int, nic: Nic) -> None:
        """Note where a card hangs."""
        self.plugged[node, vmid, nic.index] = nic

    def remove(self, node: str) -> None:
        """Forget a node."""
        self.bridges.pop(node, None)
        self.filters.pop(node, None)
