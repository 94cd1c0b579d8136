"""The lab comes up, shows itself, goes down; erased, it leaves nothing. Each call may be repeated and cut at any moment."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import monotonic, sleep

from provisioner import command, places
from provisioner.errors import FindingError, OutsideError, Problem
from provisioner.lab import access, fault, fault_link, node_start, rehearsal, wires
from provisioner.lab.guests import base
from provisioner.lab.guests.chosen import ChosenDriver
from provisioner.lab.guests.driver import Power, blank
from provisioner.lab.proxmox.server import add_node
from provisioner.plan.plan import Plan

_START_SECONDS = 30.0
_STOP = timedelta(seconds=60)  # a virtual machine without KVM takes half of it
_INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
_INSTANCES = 2048  # each guest's systemd needs several; the kernel's 128 are gone after some 17 guests


@contextmanager
def _alone() -> Iterator[None]:
    places.lab().mkdir(parents=True, exist_ok=True, mode=0o700)
    with (places.lab() / "lifecycle.lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _password() -> str:
    file = access.password_file()
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(18) + "\n")
    return file.read_text().strip()


def _serve() -> None:
    if access.api() is not None:
        return
    log = places.lab() / "api.log"
    env = command.environment(TERANGA_STATE=str(places.state()), TERANGA_CACHE=str(places.cache()), PYTHONPATH=str(places.CHECKOUT))
    with log.open("a") as sink:
        process = command.start((sys.executable, "-m", "provisioner.lab.daemon"), command.Run(env=env), stdout=sink, stderr=sink)
    deadline = monotonic() + _START_SECONDS
    while access.api() != process.pid:
        if process.poll() is not None or monotonic() > deadline:
            raise OutsideError(Problem(where="lab", what="its API did not start", hint=f"see {log}"))
        sleep(0.05)


def up(plan: Plan) -> None:
    """Bring up the API, and the site's node as the installer leaves it, wired to the fibre."""
    if os.geteuid() != 0:
        raise FindingError(Problem(where="lab", what="it needs root (namespaces, mounts)", hint="run as root"))
    with _alone():
        if int(_INOTIFY.read_text()) < _INSTANCES:
            _INOTIFY.write_text(str(_INSTANCES))
        add_node(access.root(), plan.node, _password())
        _serve()
        starts = not wires.exists(wires.switch(plan.node))  # a node whose switch is gone was switched off
        wires.Wires().apply(plan.node, (plan.bridge,))
        for uplink in plan.uplinks:
            operator = type(uplink.address)((uplink.gateway, uplink.address.network.prefixlen))
            wires.connect(wires.Uplink(node=plan.node, bridge=plan.bridge, site=uplink.address, operator=operator, behind=plan.prefix))
        _write_down(plan)
        if starts:
            node_start.start_guests(plan.node)


def _write_down(plan: Plan) -> None:
    zone = next(zone for zone in plan.zones if zone.name == "management")
    address = f"{zone.vantages[0]}/{zone.prefix.prefixlen}"
    rehearsal.folder().mkdir(exist_ok=True)
    said = {"site": plan.site, "node": plan.node, "bridge": plan.bridge, "control": address}
    (rehearsal.folder() / f"{plan.site}.json").write_text(json.dumps(said))
    from ipaddress import IPv4Interface

    rehearsal.NamespaceRehearsal().vantage(plan.site, zone.vlan or 0, IPv4Interface(address), zone.gateway)


def _stop_guest(driver: ChosenDriver, vmid: int) -> None:
    """Let a guest shut down; one that is frozen, or too slow, loses its power."""
    running = driver.status("", vmid).power is Power.RUNNING
    if not running or fault.frozen(driver, "", vmid) or not driver.shutdown(blank(vmid), _STOP):
        driver.stop(blank(vmid))


def _stop_api() -> None:
    pid = access.api()
    if pid is None:
        return
    os.kill(pid, signal.SIGTERM)
    deadline = monotonic() + _STOP.total_seconds()
    while access.api() == pid:
        if monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        sleep(0.05)


def down(tell: Callable[[str], None], *, erase: bool = False) -> None:
    """Stop guests, API, namespaces and mounts of this lab; keep disks and state, unless `erase`."""
    with _alone():
        _stop_api()
        driver = ChosenDriver(places.lab())
        guests = driver.known()
        if guests:
            tell(f"lab: stopping {len(guests)} guests")
            with ThreadPoolExecutor(max_workers=8) as pool:
                list(pool.map(partial(_stop_guest, driver), guests))
        driver.forget()
        fault_link.end_all()
        for namespace in wires.every():
            wires.remove(namespace)
        base.unmount(places.lab())
        tell("lab: down" + ("" if erase else "; disks and state are kept"))
    if erase:
        shutil.rmtree(places.lab(), ignore_errors=True)
        tell(f"lab: erased {places.lab()}")
