"""The guest agent: ping, interfaces, file-read."""

from __future__ import annotations

import base64

from provisioner.lab.guests.driver import AgentError, Interface
from provisioner.lab.proxmox import guest_status, guest_store
from provisioner.lab.proxmox.access import Need
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.machine import agent_enabled
from provisioner.lab.proxmox.parameters import boolean, integer, text
from provisioner.lab.proxmox.values import Document, Json

CALLS = Calls()
_AGENT = "/nodes/{node}/qemu/{vmid}/agent"
_AUDIT = Need("/vms/{vmid}", "VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted", any_of=True)
_LIMIT = 16 << 20  # Proxmox's own limit of file-read
CALLS.index(_AGENT, "name", ("file-read", "network-get-interfaces", "ping"), allow=_AUDIT)


def _ready(call: Call) -> None:
    guest = guest_store.on_node(call.lab.store, call.node, call.vmid)
    if not guest_status.running(call.lab, guest):
        raise Failure.of(f"VM {call.vmid} is not running")
    if not agent_enabled(guest.config):
        raise Failure.of("No QEMU guest agent configured")


@CALLS.post(f"{_AGENT}/ping", allow=_AUDIT)
def ping(call: Call) -> Json:
    """Answer if the agent does."""
    _ready(call)
    try:
        call.lab.driver.ping(call.node, call.vmid)
    except AgentError as error:
        raise Failure.of(str(error)) from error
    return {"result": {}}


def _shown(interface: Interface) -> Document:
    addresses: list[Document] = [
        {"ip-address": str(one.ip), "prefix": one.network.prefixlen, "ip-address-type": f"ipv{one.version}"} for one in interface.addresses
    ]
    return {"name": interface.name, "hardware-address": interface.mac, "ip-addresses": addresses}


@CALLS.get(f"{_AGENT}/network-get-interfaces", allow=_AUDIT)
def interfaces(call: Call) -> Json:
    """Return the interfaces as the agent sees them."""
    _ready(call)
    try:
        return {"result": [_shown(interface) for interface in call.lab.driver.interfaces(call.node, call.vmid)]}
    except AgentError as error:
        raise Failure.of(str(error)) from error


@CALLS.get(
    f"{_AGENT}/file-read",
    allow=Need("/vms/{vmid}", "VM.GuestAgent.FileRead", "VM.GuestAgent.Unrestricted", any_of=True),
    parameters={
        "file": text(),
        "count": integer(optional=True, minimum=1, maximum=_LIMIT),
        "offset": integer(optional=True, minimum=0),
        "decode": boolean(),
    },
)
def read_file(call: Call) -> Json:
    """Return a file of the guest; what is no UTF-8 comes in base64 only with `decode=0`."""
    _ready(call)
    offset, count = call.integer("offset"), call.integer("count", _LIMIT)
    try:
        content = call.lab.driver.read_file(call.node, call.vmid, call.text("file"), offset + count + 1)[offset:]
    except AgentError as error:
        raise Failure.of(f"Agent error: {error}") from error
    kept = content[:count]
    shown = kept.decode("latin-1") if call.flag("decode", default=True) else base64.b64encode(kept).decode()
    answer: Document = {"content": shown, "bytes-read": len(kept)}
    return answer | ({"truncated": 1} if len(content) > count else {})
