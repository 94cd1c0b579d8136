"""Driver `nspawn`: a guest is systemd as PID 1 in an overlay of its own disk image, in its own namespaces.

A supervisor (a shell of the guest's own control group) starts systemd-nspawn and starts it again when the guest reboots
(exit status 133), so a guest lives on when the lab's API dies, and what runs is read from the kernel, never remembered.
The guest agent's channel (a virtio port) does not exist in a container: the driver answers in its place, from inside
the guest's namespaces, and only once the guest's own system bus stands and the agent is installed in it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_interface
from pathlib import Path
from time import monotonic, sleep, time

from provisioner import command
from provisioner.lab import wires
from provisioner.lab.guests import base, cgroup_tree, kept, process, seed
from provisioner.lab.guests.driver import AgentError, Console, GuestError, Interface, Machine, Nic, Power, Status

_REBOOT = 133
_HALT = 3  # systemd(1): SIGRTMIN+3 starts halt.target
_PAUSE = 0.05
_STOP_SECONDS = 10.0
_AGENT = "usr/sbin/qemu-ga"
_BUS = "run/dbus/system_bus_socket"
_SUPERVISOR = f"""
echo $$ > "$CGROUP/cgroup.procs" && echo $$ > "$HOME_OF_GUEST/pid"
mkdir -p /run/systemd/nspawn && mount -t tmpfs x /run/systemd/nspawn
mount -t overlay ov -o "lowerdir=$LOWER,upperdir=$HOME_OF_GUEST/up,workdir=$HOME_OF_GUEST/wk" "$HOME_OF_GUEST/rootfs" || exit 1
umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup
while :; do
  env SYSTEMD_NSPAWN_API_VFS_WRITABLE=network systemd-nspawn -q -D "$HOME_OF_GUEST/rootfs" -b --hostname="$NAME" -M "$MACHINE" \\
    --uuid="$UUID" --register=no --keep-unit --network-namespace-path="/run/netns/$MACHINE" --bind=/dev/net/tun \\
    --capability=CAP_NET_ADMIN,CAP_NET_RAW --resolv-conf=off --timezone=off --kill-signal=SIGRTMIN+3 --console=read-only
  [ $? = {_REBOOT} ] || break
done
"""


class NspawnDriver:
    """Starts and stops guests under `root` (the lab's folder)."""

    def __init__(self, root: Path) -> None:
        """Keep where the guests' files are."""
        self._root = root
        self._started: list[command.Process] = []

    def _reap(self) -> None:
        """Collect supervisors that ended: they are this process's children."""
        self._started = [one for one in self._started if one.poll() is None]

    def _name(self, vmid: int) -> str:
        return wires.guest(vmid)

    def _home(self, vmid: int) -> Path:
        return self._root / "guests" / str(vmid)

    def _cgroup(self, vmid: int) -> Path:
        return cgroup_tree.root() / wires.prefix() / f"g{vmid}"

    def _supervisor(self, vmid: int) -> int | None:
        """Return the supervisor's PID if it lives; its control group tells it from a stranger with the same PID."""
        file = self._home(vmid) / "pid"
        try:
            pid = int(file.read_text())
            groups = Path(f"/proc/{pid}/cgroup").read_text()
        except (OSError, ValueError):
            return None
        return pid if f"/{wires.prefix()}/g{vmid}" in groups and process.alive(pid) else None

    def _init(self, vmid: int) -> int | None:
        """Return the guest's PID 1 as this machine sees it: by its control group, so one whose supervisor was killed is seen too."""
        return next((pid for pid in cgroup_tree.processes(self._cgroup(vmid)) if cgroup_tree.is_init(pid)), None)

    def known(self) -> tuple[int, ...]:
        """Return the VMIDs of guests that left files or processes, also if only one of the two is there."""
        names = {path.name for path in (self._root / "guests").glob("*")}
        names |= {path.name.removeprefix("g") for path in (cgroup_tree.root() / wires.prefix()).glob("g*")}
        return tuple(sorted(int(name) for name in names if name.isdigit()))

    def forget(self) -> None:
        """Remove the lab's own control group, once no guest is left in it."""
        cgroup_tree.remove(cgroup_tree.root() / wires.prefix())

    def _running(self, vmid: int) -> bool:
        return any(cgroup_tree.processes(self._cgroup(vmid)))

    def start(self, machine: Machine) -> None:
        """Start the guest."""
        if self._supervisor(machine.vmid) and self._init(machine.vmid):
            raise GuestError(f"VM {machine.vmid} already running")
        self.stop(machine)  # an orphan of a crash would write beside us
        if machine.disk is None:
            raise GuestError("no bootable device")
        lower = base.mounted(self._root, machine.disk)
        self._prepare(machine)
        self._plug(machine)
        self._spawn(machine, lower)

    def _prepare(self, machine: Machine) -> None:
        home = self._home(machine.vmid)
        for part in ("up/etc", "wk", "rootfs"):
            (home / part).mkdir(parents=True, exist_ok=True)
        (home / "up/etc/fstab").write_text("")  # the image's names a disk that is no device here
        target = home / "up/var/lib/cloud/seed/nocloud"
        target.mkdir(parents=True, exist_ok=True)
        for name, text in seed.files(machine).items():
            (target / name).write_text(text)

    def _plug(self, machine: Machine) -> None:
        name = self._name(machine.vmid)
        wires.remove(name)
        wires.make(name)
        for nic in machine.nics:
            wires.attach(self._port(machine, nic))

    def _port(self, machine: Machine, nic: Nic) -> wires.Port:
        return wires.Port(
            namespace=self._name(machine.vmid),
            interface=f"eth{nic.index}",
            mac=nic.mac,
            node=machine.node,
            bridge=nic.bridge,
            vlan=nic.vlan,
            up=nic.linked,
        )

    def _spawn(self, machine: Machine, lower: Path) -> None:
        home, cgroup = self._home(machine.vmid), self._cgroup(machine.vmid)
        cgroup.mkdir(parents=True, exist_ok=True)
        (home / "pid").unlink(missing_ok=True)
        env = command.environment(
            CGROUP=str(cgroup),
            HOME_OF_GUEST=str(home),
            LOWER=str(lower),
            NAME=machine.name,
            MACHINE=self._name(machine.vmid),
            UUID=machine.uuid,
        )
        with (home / "console.log").open("a") as console:
            supervisor = command.start(
                ("unshare", "-m", "--propagation", "private", "sh", "-c", _SUPERVISOR), command.Run(env=env), stdout=console, stderr=console
            )
        self._started.append(supervisor)
        deadline = monotonic() + _STOP_SECONDS
        while self._init(machine.vmid) is None:
            if supervisor.poll() is not None or monotonic() > deadline:
                tail = (home / "console.log").read_text(errors="replace")[-500:]
                self.stop(machine)
                raise GuestError(f"the guest did not start: {tail.strip()}")
            sleep(_PAUSE)

    def stop(self, machine: Machine) -> None:
        """Cut the power: every process of the guest's control group ends at once."""
        self._reap()
        cgroup = self._cgroup(machine.vmid)
        if cgroup.exists():
            (cgroup / "cgroup.kill").write_text("1")
            self._wait_gone(machine.vmid, _STOP_SECONDS)
        self._unplug(machine.vmid)

    def _wait_gone(self, vmid: int, seconds: float) -> bool:
        deadline = monotonic() + seconds
        while self._running(vmid):
            if monotonic() > deadline:
                return False
            self._reap()
            sleep(_PAUSE)
        return True

    def _unplug(self, vmid: int) -> None:
        (self._home(vmid) / "pid").unlink(missing_ok=True)
        wires.remove(self._name(vmid))
        cgroup_tree.remove(self._cgroup(vmid))

    def shutdown(self, machine: Machine, timeout: timedelta) -> bool:
        """Ask the guest to shut down."""
        supervisor = self._supervisor(machine.vmid)
        for nspawn in cgroup_tree.children(supervisor) if supervisor else ():
            os.kill(nspawn, signal.SIGTERM)
        init = self._init(machine.vmid)
        if supervisor is None and init is not None:  # nobody is left to pass it on
            os.kill(init, signal.SIGRTMIN + _HALT)
        if not self._wait_gone(machine.vmid, timeout.total_seconds()):
            return False
        self._unplug(machine.vmid)
        return True

    def freeze(self, vmid: int, *, frozen: bool) -> None:
        """Halt every process of the guest, or let them go on (cgroup-v2: cgroup.freeze)."""
        if not self._running(vmid):
            raise GuestError(f"VM {vmid} not running")
        (self._cgroup(vmid) / "cgroup.freeze").write_text(str(int(frozen)))

    def frozen(self, vmid: int) -> bool:
        """Return whether the guest is halted."""
        file = self._cgroup(vmid) / "cgroup.freeze"
        return file.exists() and file.read_text().strip() == "1"

    def init(self, vmid: int) -> int | None:
        """Return the guest's PID 1 as this machine sees it, None if it does not run."""
        return self._init(vmid)

    def console(self, vmid: int, limit: int = 1 << 16) -> str:
        """Return the end of what the guest wrote to its console."""
        file = self._home(vmid) / "console.log"
        return file.read_bytes()[-limit:].decode(errors="replace") if file.exists() else ""

    def reset(self, machine: Machine) -> None:
        """Cut the power and start again."""
        self.stop(machine)
        self.start(machine)

    def erase(self, node: str, vmid: int) -> None:
        """Remove what the guest wrote."""
        del node
        home = self._home(vmid)
        wires.remove(self._name(vmid))
        shutil.rmtree(home, ignore_errors=True)

    def save(self, node: str, vmid: int, archive: Path) -> None:
        """Write what the guest wrote over its image; one that runs is halted meanwhile."""
        del node
        running = self._running(vmid) and not self.frozen(vmid)
        if running:
            self.freeze(vmid, frozen=True)
        try:
            kept.pack(self._home(vmid) / "up", archive)
        finally:
            if running:
                self.freeze(vmid, frozen=False)

    def load(self, node: str, vmid: int, archive: Path) -> None:
        """Put back what a guest wrote."""
        del node
        shutil.rmtree(self._home(vmid) / "wk", ignore_errors=True)
        kept.unpack(archive, self._home(vmid) / "up")

    def migrate(self, machine: Machine, target: str) -> None:
        """Move the switch's end of each card to the other node; the guest does not notice."""
        for nic in machine.nics:
            wires.move(self._port(machine, nic), target)

    def status(self, node: str, vmid: int) -> Status:
        """Return what the kernel shows of the guest."""
        del node
        init = self._init(vmid)
        if init is None:
            return Status(power=Power.STOPPED)
        pids = tuple(cgroup_tree.processes(self._cgroup(vmid)))
        cards = [moved for name, moved in process.cards(init).items() if name != "lo"]
        return Status(
            power=Power.RUNNING,
            pid=init,
            uptime=max(0, int(time() - process.started(init))),
            memory=sum(map(process.resident, pids)),
            cpu_seconds=sum(map(process.cpu, pids)),
            network_in=sum(received for received, _ in cards),
            network_out=sum(sent for _, sent in cards),
        )

    def console_socket(self, node: str, vmid: int, console: Console) -> Path:
        """Raise GuestError: there is no such device."""
        del node
        raise GuestError(f"VM {vmid} runs under the lab's driver nspawn: it has no {console}")

    def ping(self, node: str, vmid: int) -> None:
        """Raise AgentError unless the guest's system is up and has the agent installed."""
        del node
        init = self._init(vmid)
        inside = Path(f"/proc/{init}/root")
        if init is None or not (inside / _AGENT).exists() or not (inside / _BUS).exists():
            raise AgentError("QEMU guest agent is not running")

    def interfaces(self, node: str, vmid: int) -> Sequence[Interface]:
        """Return the guest's interfaces."""
        self.ping(node, vmid)
        rows = json.loads(command.run(("ip", "-n", self._name(vmid), "-j", "addr")).stdout)
        return [
            Interface(
                name=row["ifname"],
                mac=row.get("address", "00:00:00:00:00:00"),
                addresses=tuple(ip_interface(f"{one['local']}/{one['prefixlen']}") for one in row["addr_info"] if "local" in one),
            )
            for row in rows
        ]

    def read_file(self, node: str, vmid: int, path: str, limit: int) -> bytes:
        """Return a file as the guest's own PID 1 would see it."""
        self.ping(node, vmid)
        argv = ("nsenter", "-t", str(self._init(vmid)), "-m", "-n", "-p", "-r", "--", "/usr/bin/head", "-c", str(limit), "--", path)
        done = command.attempt(argv)
        if done.status != 0:
            raise AgentError(f"Agent error: failed to open file '{path}': {done.stderr.strip().rsplit(': ', 1)[-1]}")
        return done.stdout.encode()
