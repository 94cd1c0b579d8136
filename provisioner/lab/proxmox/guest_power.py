"""Power: start, stop, shutdown, reboot, reset."""

from __future__ import annotations

from datetime import timedelta

from provisioner.lab.proxmox import guest_status, guest_store, ha_state
from provisioner.lab.proxmox.access import Need
from provisioner.lab.proxmox.calls import Call, Calls, Lab
from provisioner.lab.proxmox.drives import Place
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.guest_store import Guest
from provisioner.lab.proxmox.machine import machine
from provisioner.lab.proxmox.parameters import Parameter, boolean, integer, text
from provisioner.lab.proxmox.tasks import Log
from provisioner.lab.proxmox.values import Json

CALLS = Calls()
_POWER = Need("/vms/{vmid}", "VM.PowerMgmt")
_STATUS = "/nodes/{node}/qemu/{vmid}/status"
_SHUTDOWN_SECONDS = 180  # Proxmox's default for a shutdown
_TIMEOUT = integer(optional=True, minimum=0)
_SKIP: dict[str, Parameter] = {"skiplock": boolean()}
CALLS.index(_STATUS, "subdir", ("current", "start", "stop", "reset", "shutdown", "reboot"), allow=Need("/vms/{vmid}", "VM.Audit"))


def start(lab: Lab, node: str, vmid: int) -> None:
    """Start a guest with all that was pending; raise what the task's exit status says."""
    guest = guest_store.on_node(lab.store, node, vmid)
    if guest.config.get("template"):
        raise Failure.of("you can't start a vm if it's a template")
    if guest_status.running(lab, guest):
        raise Failure.of(f"VM {vmid} already running")
    guest = _taken_over(lab, guest)
    lab.enforcement.settle(node, anew=True)  # no packet before its firewall stands
    lab.driver.start(machine(Place(lab=lab, node=node, vmid=vmid), guest))


def stop(lab: Lab, guest: Guest) -> None:
    """Cut a guest's power; what was pending is then in force."""
    lab.driver.stop(machine(Place(lab=lab, node=guest.node, vmid=guest.vmid), guest))
    _taken_over(lab, guest)


def _taken_over(lab: Lab, guest: Guest) -> Guest:
    """Return the guest with its pending changes in force."""
    if guest.pending:
        guest = guest.applied()
        guest_store.keep(lab.store, guest)
    return guest


def _down(lab: Lab, guest: Guest, timeout: int, *, force: bool) -> None:
    """Shut a guest down, by force at the end if asked for; a stopped one is fine."""
    if guest_status.running(lab, guest):
        box = machine(Place(lab=lab, node=guest.node, vmid=guest.vmid), guest)
        if not lab.driver.shutdown(box, timedelta(seconds=timeout)):
            if not force:
                raise Failure.of("VM quit/powerdown failed - got timeout")
            lab.driver.stop(box)
    _taken_over(lab, guest)


@CALLS.post(
    f"{_STATUS}/start",
    allow=_POWER,
    parameters=_SKIP
    | {
        "timeout": _TIMEOUT,
        "force-cpu": text(optional=True),
        "machine": text(optional=True),
        "migratedfrom": text(optional=True),
        "migration_network": text(optional=True),
        "migration_type": text(optional=True, enum=("secure", "insecure")),
        "nets-host-mtu": text(optional=True),
        "stateuri": text(optional=True, max_length=128),
        "targetstorage": text(optional=True),
        "with-conntrack-state": boolean(),
    },
)
def start_guest(call: Call) -> Json:
    """Start a guest in a task."""

    def work(_: Log) -> None:
        with call.lab.guests.hold(call.vmid):
            start(call.lab, call.node, call.vmid)
            ha_state.note(call.lab.store, call.vmid, "started")

    return call.task("qmstart", str(call.vmid), work)


@CALLS.post(
    f"{_STATUS}/stop",
    allow=_POWER,
    parameters=_SKIP | {"timeout": _TIMEOUT, "keepActive": boolean(), "migratedfrom": text(optional=True), "overrule-shutdown": boolean()},
)
def stop_guest(call: Call) -> Json:
    """Cut a guest's power in a task."""

    def work(_: Log) -> None:
        with call.lab.guests.hold(call.vmid):
            guest = guest_store.on_node(call.lab.store, call.node, call.vmid)
            stop(call.lab, guest)
            ha_state.note(call.lab.store, call.vmid, "stopped")

    return call.task("qmstop", str(call.vmid), work)


@CALLS.post(f"{_STATUS}/shutdown", allow=_POWER, parameters=_SKIP | {"timeout": _TIMEOUT, "forceStop": boolean(), "keepActive": boolean()})
def shut_guest_down(call: Call) -> Json:
    """Shut a guest down in a task."""

    def work(_: Log) -> None:
        with call.lab.guests.hold(call.vmid):
            guest = guest_store.on_node(call.lab.store, call.node, call.vmid)
            _down(call.lab, guest, call.integer("timeout", _SHUTDOWN_SECONDS), force=call.flag("forceStop"))
            ha_state.note(call.lab.store, call.vmid, "stopped")

    return call.task("qmshutdown", str(call.vmid), work)


def _running(call: Call) -> Guest:
    guest = guest_store.on_node(call.lab.store, call.node, call.vmid)
    if not guest_status.running(call.lab, guest):
        raise Failure.of(f"VM {call.vmid} not running")
    return guest


@CALLS.post(f"{_STATUS}/reboot", allow=_POWER, parameters={"timeout": _TIMEOUT})
def reboot_guest(call: Call) -> Json:
    """Shut a guest down and start it again, with what was pending."""
    _running(call)

    def work(_: Log) -> None:
        with call.lab.guests.hold(call.vmid):
            _down(call.lab, _running(call), call.integer("timeout", _SHUTDOWN_SECONDS), force=False)
            start(call.lab, call.node, call.vmid)

    return call.task("qmreboot", str(call.vmid), work)


@CALLS.post(f"{_STATUS}/reset", allow=_POWER, parameters=_SKIP)
def reset_guest(call: Call) -> Json:
    """Cut a guest's power and start it at once, without what is pending."""

    def work(_: Log) -> None:
        with call.lab.guests.hold(call.vmid):
            call.lab.driver.reset(machine(Place(lab=call.lab, node=call.node, vmid=call.vmid), _running(call)))

    return call.task("qmreset", str(call.vmid), work)
