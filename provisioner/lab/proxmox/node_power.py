"""Starting and stopping all guests of a node: what happens when a node starts (`onboot`, in the order of `startup`) and when it stops."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta

from provisioner.lab.guests.driver import GuestError
from provisioner.lab.proxmox import guest_status, guest_store
from provisioner.lab.proxmox.access import EVERYONE
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.drives import Place
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.guest_power import start, stop
from provisioner.lab.proxmox.guest_store import Guest
from provisioner.lab.proxmox.machine import machine
from provisioner.lab.proxmox.parameters import boolean, integer, text
from provisioner.lab.proxmox.properties import Shape, pairs
from provisioner.lab.proxmox.tasks import Log
from provisioner.lab.proxmox.values import Json, split_list

CALLS = Calls()
_STARTUP = Shape(default="order", keys=dict.fromkeys(("order", "up", "down"), integer(optional=True)))
_LAST = 1 << 30  # guests without an order come after all others
_SHUTDOWN_SECONDS = 180
_MORE = {"vms": text(optional=True), "max-workers": integer(optional=True, minimum=1, maximum=64)}


def _startup(guest: Guest) -> dict[str, str]:
    return pairs(str(guest.config.get("startup", "")), _STARTUP)


def _order(guest: Guest) -> tuple[int, int]:
    given = _startup(guest).get("order", "")
    return (int(given) if given.isdigit() else _LAST, guest.vmid)


def _seconds(guest: Guest, key: str, otherwise: int) -> int:
    given = _startup(guest).get(key, "")
    return int(given) if given.isdigit() else otherwise


def _guests(call: Call) -> list[Guest]:
    """Return the guests of the node that a call means, in the order of their start."""
    wanted = split_list(call.text("vms"))
    for vmid in wanted:
        if not vmid.isdigit():
            raise Failure.parameter("vms", "invalid format - value does not look like a valid VM ID\n")
        call.require(f"/vms/{vmid}", "VM.PowerMgmt")
    if not wanted:
        call.require("/", "VM.PowerMgmt")
    here = (guest for guest in guest_store.every(call.lab.store) if guest.node == call.node)
    return sorted((guest for guest in here if not wanted or str(guest.vmid) in wanted), key=_order)


@CALLS.post("/nodes/{node}/startall", allow=EVERYONE, parameters={**_MORE, "force": boolean()})
def start_all(call: Call) -> Json:
    """Start in a task the guests that say `onboot` (with `force` or by number: any), as at the node's own start."""
    chosen = [guest for guest in _guests(call) if not guest.config.get("template")]
    any_of_them = call.flag("force") or call.has("vms")
    begun = [guest for guest in chosen if any_of_them or guest.config.get("onboot")]

    def work(log: Log) -> None:
        _start(call, begun, log)

    return call.task("startall", "", work)


def _start(call: Call, guests: Sequence[Guest], log: Log) -> None:
    failed = 0
    for guest in guests:
        if guest_status.running(call.lab, guest):
            continue
        log(f"Starting VM {guest.vmid}")
        try:
            with call.lab.guests.hold(guest.vmid):
                start(call.lab, call.node, guest.vmid)
        except (Failure, GuestError) as error:
            failed += 1
            log(f"Starting VM {guest.vmid} failed: {error}")
        time.sleep(_seconds(guest, "up", 0))
    if failed:
        raise Failure.of(f"{failed} guests did not start")


@CALLS.post(
    "/nodes/{node}/stopall",
    allow=EVERYONE,
    parameters={**_MORE, "force-stop": boolean(), "timeout": integer(optional=True, minimum=0, maximum=7200)},
)
def stop_all(call: Call) -> Json:
    """Shut all guests down in a task, in the reverse order; one that is too slow loses its power unless `force-stop=0`."""
    guests = list(reversed(_guests(call)))

    def work(log: Log) -> None:
        _stop(call, guests, log)

    return call.task("stopall", "", work)


def _stop(call: Call, guests: Sequence[Guest], log: Log) -> None:
    left = 0
    for guest in guests:
        if not guest_status.running(call.lab, guest):
            continue
        log(f"Stopping VM {guest.vmid}")
        patience = timedelta(seconds=call.integer("timeout", _seconds(guest, "down", _SHUTDOWN_SECONDS)))
        with call.lab.guests.hold(guest.vmid):
            if call.lab.driver.shutdown(machine(Place(lab=call.lab, node=call.node, vmid=guest.vmid), guest), patience):
                continue
            if call.flag("force-stop", default=True):
                stop(call.lab, guest_store.on_node(call.lab.store, call.node, guest.vmid))
            else:
                left += 1
    if left:
        raise Failure.of(f"{left} guests did not stop in time")
