"""Driver `qemu`: the guest's own disk really boots, in QEMU (KVM if it works here, else TCG), BIOS or UEFI.

The cloud-init seed is an ISO, each card a tap on its zone's bridge, the agent's calls go over virtio-serial to the agent
itself. A machine lives on when the lab's API dies; it is known again by its PID and when that process started.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import threading
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_interface
from pathlib import Path
from time import monotonic, sleep, time

from provisioner import command
from provisioner.lab import wires
from provisioner.lab.guests import kept, process, qemu_argv, qemu_channel, seed
from provisioner.lab.guests.driver import AgentError, Console, GuestError, Interface, Machine, Nic, Power, Status
from provisioner.lab.guests.qemu_accel import accelerator
from provisioner.lab.guests.qemu_channel import Json

_PAUSE = 0.05
_STOP_SECONDS = 10.0
_START_SECONDS = 20.0
_PING_SECONDS = 3.0  # Proxmox's own limit of a guest-ping
_READ_BYTES = 1 << 20
_LOG = "qemu.log"


class QemuDriver:
    """Starts and stops virtual machines under `root` (the lab's folder)."""

    def __init__(self, root: Path) -> None:
        """Keep where the machines' files are."""
        self._root = root
        self._started: list[command.Process] = []
        self._talking: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)

    def home(self, vmid: int) -> Path:
        """Return the folder of a machine's sockets and logs."""
        return self._root / "qemu" / str(vmid)

    def known(self) -> tuple[int, ...]:
        """Return the VMIDs of machines that left files."""
        return tuple(sorted(int(path.name) for path in (self._root / "qemu").glob("*") if path.name.isdigit()))

    def _pid(self, vmid: int) -> int | None:
        found = process.read(self.home(vmid) / "pid")
        self._started = [one for one in self._started if one.poll() is None]  # after the look: one that just ended is collected
        return found

    def start(self, machine: Machine) -> None:
        """Start the machine."""
        if self._pid(machine.vmid):
            raise GuestError(f"VM {machine.vmid} already running")
        if machine.disk is None:
            raise GuestError("no bootable device")
        home = self.home(machine.vmid)
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        seeded = self._seed(machine)
        if machine.firmware == "ovmf" and not (home / qemu_argv.VARIABLES).exists():
            shutil.copyfile(qemu_argv.FIRMWARE_VARIABLES, home / qemu_argv.VARIABLES)
        box = qemu_argv.Box(accelerator=accelerator(self._root / "qemu"), taps=self._plug(machine), seed=seeded)
        self._spawn(machine, box)
        for nic in machine.nics:
            if not nic.linked:
                qemu_channel.monitor(home, "set_link", {"name": f"card{nic.index}", "up": False})

    def _seed(self, machine: Machine) -> bool:
        """Write the cloud-init drive as Proxmox makes it: NoCloud on ISO 9660; return whether there is one."""
        home, said = self.home(machine.vmid), seed.files(machine)
        (home / qemu_argv.SEED).unlink(missing_ok=True)
        for name, text in said.items():
            (home / name).write_text(text)
        if said:
            names = (qemu_argv.SEED, "user-data", "meta-data")
            command.run(("cloud-localds", "-N", "network-config", *names), command.Run(cwd=home))
        return bool(said)

    def _plug(self, machine: Machine) -> tuple[str, ...]:
        taps = tuple(wires.tap(self._port(machine, nic)) for nic in machine.nics)
        (self.home(machine.vmid) / "taps.json").write_text(json.dumps({"node": machine.node, "taps": taps}))
        return taps

    def _port(self, machine: Machine, nic: Nic) -> wires.Port:
        return wires.Port(
            namespace=wires.guest(machine.vmid),
            interface=f"eth{nic.index}",
            mac=None,
            node=machine.node,
            bridge=nic.bridge,
            vlan=nic.vlan,
            up=nic.linked,
        )

    def _unplug(self, vmid: int) -> None:
        kept = self.home(vmid) / "taps.json"
        if kept.exists():
            at = json.loads(kept.read_text())
            for tap in at["taps"]:
                wires.unplug(at["node"], tap)
            kept.unlink()

    def _spawn(self, machine: Machine, box: qemu_argv.Box) -> None:
        home = self.home(machine.vmid)
        for name in (qemu_channel.MONITOR, qemu_channel.AGENT, qemu_argv.SERIAL, qemu_argv.SCREEN):
            (home / name).unlink(missing_ok=True)
        inside = ("ip", "netns", "exec", wires.switch(machine.node)) if machine.nics else ()
        with (home / _LOG).open("a") as log:
            started = command.start((*inside, *qemu_argv.argv(machine, box)), command.Run(cwd=home), stdout=log, stderr=log)
        self._started.append(started)
        process.write(home / "pid", started.pid)
        deadline = monotonic() + _START_SECONDS
        while not self._listens(machine.vmid):
            if started.poll() is not None or monotonic() > deadline:
                self.stop(machine)
                raise GuestError(f"QEMU did not start: {(home / _LOG).read_text(errors='replace')[-500:].strip()}")
            sleep(_PAUSE)

    def _listens(self, vmid: int) -> bool:
        try:
            qemu_channel.monitor(self.home(vmid), "query-status")
        except GuestError:
            return False
        return True

    def stop(self, machine: Machine) -> None:
        """Cut the power: QEMU is killed."""
        pid = self._pid(machine.vmid)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            self._wait_gone(machine.vmid, pid, _STOP_SECONDS)
        self._unplug(machine.vmid)

    def _wait_gone(self, vmid: int, pid: int, seconds: float) -> bool:
        """Return whether the process ended in time; a child of ours is collected, which needs its last thread to end."""
        deadline = monotonic() + seconds
        while self._pid(vmid) is not None or any(one.pid == pid for one in self._started):
            if monotonic() > deadline:
                return False
            sleep(_PAUSE)
        return True

    def shutdown(self, machine: Machine, timeout: timedelta) -> bool:
        """Ask the guest to shut down: by its agent, else by the power button."""
        pid = self._pid(machine.vmid)
        if pid is not None:
            try:
                self._agent(machine.vmid, "guest-ping", seconds=_PING_SECONDS)
                self._agent(machine.vmid, "guest-shutdown", {"mode": "powerdown"}, silent=True)
            except AgentError:
                qemu_channel.monitor(self.home(machine.vmid), "system_powerdown")
        if pid is not None and not self._wait_gone(machine.vmid, pid, timeout.total_seconds()):
            return False
        self._unplug(machine.vmid)
        return True

    def reset(self, machine: Machine) -> None:
        """Cut the power and start again."""
        self.stop(machine)
        self.start(machine)

    def erase(self, node: str, vmid: int) -> None:
        """Remove what is kept of the machine."""
        del node
        self._unplug(vmid)
        shutil.rmtree(self.home(vmid), ignore_errors=True)

    def save(self, node: str, vmid: int, archive: Path) -> None:
        """Write an empty archive: a stopped guest's disks hold all that it wrote."""
        if self._pid(vmid) is not None:
            raise GuestError("its disks are in use: shut the guest down first")
        del node
        kept.pack(None, archive)

    def load(self, node: str, vmid: int, archive: Path) -> None:
        """Do nothing: the disks hold all that the guest wrote."""

    def migrate(self, machine: Machine, target: str) -> None:
        """Move the guest's taps to the other node; the guest does not notice."""
        for nic in machine.nics:
            wires.move(self._port(machine, nic), target)
        file = self.home(machine.vmid) / "taps.json"
        if file.exists():
            file.write_text(json.dumps(json.loads(file.read_text()) | {"node": target}))

    def status(self, node: str, vmid: int) -> Status:
        """Return what the kernel shows of the machine's process."""
        del node
        pid = self._pid(vmid)
        if pid is None:
            return Status(power=Power.STOPPED)
        received, sent = self._traffic(vmid, pid)
        return Status(
            power=Power.RUNNING,
            pid=pid,
            uptime=max(0, int(time() - process.started(pid))),
            memory=process.resident(pid),
            cpu_seconds=process.cpu(pid),
            network_in=received,
            network_out=sent,
        )

    def _traffic(self, vmid: int, pid: int) -> tuple[int, int]:
        """Return bytes the guest received and sent: what its taps sent and received."""
        kept = self.home(vmid) / "taps.json"
        taps = json.loads(kept.read_text())["taps"] if kept.exists() else []
        rows = process.cards(pid)
        return sum(rows[tap][1] for tap in taps if tap in rows), sum(rows[tap][0] for tap in taps if tap in rows)

    def _agent(
        self, vmid: int, call: str, arguments: dict[str, Json] | None = None, *, seconds: float = 10.0, silent: bool = False
    ) -> Json:
        with self._talking[vmid]:
            return qemu_channel.agent(self.home(vmid), call, arguments, seconds=seconds, silent=silent)

    def console_socket(self, node: str, vmid: int, console: Console) -> Path:
        """Return the socket of the machine's serial line or of its screen."""
        del node
        return self.home(vmid) / (qemu_argv.SERIAL if console is Console.SERIAL else qemu_argv.SCREEN)

    def ping(self, node: str, vmid: int) -> None:
        """Raise AgentError unless the agent answers."""
        del node
        self._agent(vmid, "guest-ping", seconds=_PING_SECONDS)

    def interfaces(self, node: str, vmid: int) -> Sequence[Interface]:
        """Return the guest's interfaces as its agent names them."""
        del node
        rows = self._agent(vmid, "guest-network-get-interfaces")
        return [_interface(row) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

    def read_file(self, node: str, vmid: int, path: str, limit: int) -> bytes:
        """Return a file of the guest, read by its agent."""
        del node
        handle = self._agent(vmid, "guest-file-open", {"path": path, "mode": "r"})
        found = b""
        try:
            while len(found) < limit:
                part = self._agent(vmid, "guest-file-read", {"handle": handle, "count": min(_READ_BYTES, limit - len(found))})
                if not isinstance(part, dict) or not part.get("count"):
                    break
                found += base64.b64decode(str(part["buf-b64"]))
        finally:
            self._agent(vmid, "guest-file-close", {"handle": handle})
        return found

    def freeze(self, vmid: int, *, frozen: bool) -> None:
        """Halt the machine's processors, or let them go on."""
        qemu_channel.monitor(self.home(vmid), "stop" if frozen else "cont")

    def frozen(self, vmid: int) -> bool:
        """Return whether the machine's processors are halted; a monitor that does not answer says nothing of them."""
        try:
            answer = qemu_channel.monitor(self.home(vmid), "query-status") if self._pid(vmid) else None
        except GuestError:
            return False
        return isinstance(answer, dict) and answer.get("status") == "paused"

    def console(self, vmid: int, limit: int = 1 << 16) -> str:
        """Return the end of what the guest wrote to its serial console."""
        file = self.home(vmid) / qemu_argv.SERIAL_LOG
        return file.read_bytes()[-limit:].decode(errors="replace") if file.exists() else ""

    def screen(self, vmid: int) -> bytes:
        """Return the guest's screen as PNG; raise GuestError if it does not run."""
        file = self.home(vmid) / "screen.png"
        qemu_channel.monitor(self.home(vmid), "screendump", {"filename": str(file), "format": "png"})
        return file.read_bytes()


def _interface(row: dict[str, Json]) -> Interface:
    listed = row.get("ip-addresses")
    addresses = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return Interface(
        name=str(row["name"]),
        mac=str(row.get("hardware-address", "00:00:00:00:00:00")),
        addresses=tuple(ip_interface(f"{one['ip-address']}/{one['prefix']}") for one in addresses),
    )
