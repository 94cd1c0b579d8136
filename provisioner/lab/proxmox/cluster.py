"""The cluster: its status, its options, the next free VMID."""

from __future__ import annotations

from provisioner.lab.proxmox import guest_store
from provisioner.lab.proxmox.access import Need
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.parameters import VMID, boolean, integer, text
from provisioner.lab.proxmox.values import Document, Json, split_list

CALLS = Calls()
CALLS.index("/cluster", "name", ("backup", "firewall", "ha", "nextid", "options", "resources", "sdn", "status", "tasks"))
_FIRST_VMID = 100
_OPTIONS = (
    "bwlimit",
    "console",
    "crs",
    "description",
    "email_from",
    "fencing",
    "ha",
    "http_proxy",
    "keyboard",
    "language",
    "mac_prefix",
    "max_workers",
)
_MORE_OPTIONS = (
    "consent-text",
    "migration",
    "next-id",
    "notify",
    "registered-tags",
    "tag-style",
    "u2f",
    "user-tag-access",
    "webauthn",
    "migration_unsecure",
    "replication",
)


@CALLS.get("/cluster/status", allow=Need("/", "Sys.Audit"))
def status(call: Call) -> Json:
    """Return the nodes. Each node of the lab stands alone, but they answer at one address."""
    return [
        {
            "id": f"node/{node}",
            "name": node,
            "type": "node",
            "nodeid": number,
            "ip": "127.0.0.1",
            "online": 1,
            "local": 1 if number == 0 else 0,
            "level": "",
        }
        for number, node in enumerate(call.lab.store.keys("node"))
    ]


@CALLS.get("/cluster/nextid", parameters={"vmid": integer(optional=True, check=VMID.check)})
def next_id(call: Call) -> Json:
    """Return the lowest free VMID, or the asked one if it is free."""
    taken = {guest.vmid for guest in guest_store.every(call.lab.store)}
    if call.has("vmid"):
        if call.vmid in taken:
            raise Failure.parameter("vmid", f"VM {call.vmid} already exists")
        return str(call.vmid)
    free = _FIRST_VMID
    while free in taken:
        free += 1
    return str(free)


@CALLS.get("/cluster/options")
def options(call: Call) -> Json:
    """Return the datacentre's options; only those of tags and colours to one without Sys.Audit."""
    kept: Document = call.lab.store.get("option", "datacenter") or {}
    tags = sorted({tag for guest in guest_store.every(call.lab.store) for tag in split_list(str(guest.config.get("tags", "")))})
    return {"mac_prefix": "BC:24:11", "description": "", "allowed-tags": tags} | (kept if call.allowed("/", "Sys.Audit") else {})


@CALLS.put(
    "/cluster/options",
    allow=Need("/", "Sys.Modify"),
    parameters={
        **{name: text(optional=True) for name in (*_OPTIONS, *_MORE_OPTIONS, "delete")},
        "max_workers": integer(optional=True, minimum=1),
        "migration_unsecure": boolean(),
    },
)
def change_options(call: Call) -> Json:
    """Change the datacentre's options."""
    with call.lab.store.transaction():
        kept = call.lab.store.get("option", "datacenter") or {}
        gone = split_list(call.text("delete"))
        changed = {name: value for name, value in call.parameters.items() if name != "delete"}
        call.lab.store.put("option", "datacenter", {name: value for name, value in (kept | changed).items() if name not in gone})
    return None
