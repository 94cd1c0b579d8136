"""Consoles: termproxy and vncproxy give tickets, vncwebsocket is opened with them. Only the driver `qemu` has consoles."""

from __future__ import annotations

from provisioner.lab.guests.driver import Console, GuestError
from provisioner.lab.proxmox import guest_status, guest_store
from provisioner.lab.proxmox.access import Need
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.console import Channel
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.parameters import boolean, integer, text
from provisioner.lab.proxmox.values import Json

CALLS = Calls()
_GUEST = "/nodes/{node}/qemu/{vmid}"
_CONSOLE = Need("/vms/{vmid}", "VM.Console")
_SERIAL_LINES = ("serial0", "serial1", "serial2", "serial3")
_DRIVER_HAS = "serial0"  # the one that the driver makes


def _open(call: Call, console: Console) -> tuple[int, str, str]:
    """Return port, ticket and the task's UPID of a console; raise what Proxmox says of a guest that does not run."""
    guest = guest_store.on_node(call.lab.store, call.node, call.vmid)
    if not guest_status.running(call.lab, guest):
        raise Failure.of(f"VM {call.vmid} not running")
    try:
        socket = call.lab.driver.console_socket(call.node, call.vmid, console)
    except GuestError as error:
        raise Failure.of(str(error)) from error
    port, ticket = call.lab.consoles.open(call.vmid, call.who.user, socket, serial=console is Console.SERIAL)
    return port, ticket, call.task("vncproxy", str(call.vmid), lambda log: log(f"console of VM {call.vmid} on port {port}"))


@CALLS.post(f"{_GUEST}/termproxy", allow=_CONSOLE, parameters={"serial": text(optional=True, enum=_SERIAL_LINES)})
def serial_line(call: Call) -> Json:
    """Give a ticket for the guest's serial line."""
    guest = guest_store.on_node(call.lab.store, call.node, call.vmid)
    if call.text("serial", _DRIVER_HAS) != _DRIVER_HAS or _DRIVER_HAS not in guest.config:
        raise Failure.of("unable to find a serial interface")
    port, ticket, upid = _open(call, Console.SERIAL)
    return {"port": port, "ticket": ticket, "upid": upid, "user": call.who.user}


@CALLS.post(f"{_GUEST}/vncproxy", allow=_CONSOLE, parameters={"websocket": boolean(), "generate-password": boolean()})
def screen(call: Call) -> Json:
    """Give a ticket for the guest's screen. The ticket is the only key: inside, VNC asks for no password."""
    port, ticket, upid = _open(call, Console.SCREEN)
    return {"port": port, "ticket": ticket, "upid": upid, "user": call.who.user, "cert": (call.lab.root / "pve-root-ca.pem").read_text()}


@CALLS.get(
    f"{_GUEST}/vncwebsocket",
    allow=_CONSOLE,
    parameters={"port": integer(minimum=5900, maximum=5999), "vncticket": text(max_length=512)},
)
def web_socket(call: Call) -> Json | Channel:
    """Open a console with its ticket."""
    found = call.lab.consoles.take(call.integer("port"), call.text("vncticket"), call.vmid)
    if found is None or found.console.user != call.who.user:
        raise Failure.unauthorised("invalid PVEVNC ticket")
    return found
