"""The software-defined network as a whole: its apply, its lock, its rollback, and what each node says of it."""

from __future__ import annotations

import uuid

from provisioner.lab.proxmox import sdn_objects
from provisioner.lab.proxmox.access import Need
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.parameters import boolean
from provisioner.lab.proxmox.sdn_calls import LOCK, SDN
from provisioner.lab.proxmox.sdn_objects import ZONE
from provisioner.lab.proxmox.tasks import Log
from provisioner.lab.proxmox.values import Json

CALLS = Calls()


@CALLS.put(SDN, allow=Need("/sdn", "SDN.Allocate"), parameters=LOCK | {"release-lock": boolean()})
def apply(call: Call) -> Json:
    """Put in force what was written, on every node's switch, in a task."""
    sdn_objects.require_lock(call)
    nodes = call.lab.store.keys("node")

    def work(log: Log) -> None:
        sdn_objects.apply(call)
        sdn_objects.release(call)
        vnets = [key.removeprefix("vnets/") for key in call.lab.store.keys("sdn_running", "vnets/")]
        for node in nodes:
            own = [key.partition("/")[2] for key, row in call.lab.store.items("network", f"{node}/") if row.get("type") == "bridge"]
            call.lab.switch.apply(node, [*own, *vnets])
            log(f"{node}: reloaded")

    return call.lab.tasks.run(nodes[0], call.who, "reloadnetworkall", "", work)


_WHOLE = Need("/sdn", "SDN.Allocate")


@CALLS.post(f"{SDN}/lock", allow=_WHOLE, parameters={"allow-pending": boolean()})
def lock(call: Call) -> Json:
    """Lock the whole configuration; return the token that its changes then need."""
    with call.lab.store.transaction():
        if sdn_objects.lock(call) is not None:
            raise Failure.of("sdn configuration is currently locked!")
        if sdn_objects.changes_wait(call) and not call.flag("allow-pending"):
            raise Failure.of("configuration has pending changes")
        token = str(uuid.uuid4())
        call.lab.store.put("option", "sdn_lock", {"token": token})
    return token


@CALLS.delete(f"{SDN}/lock", allow=_WHOLE, parameters=LOCK | {"force": boolean()})
def unlock(call: Call) -> Json:
    """Release the lock, with its token or by force."""
    if not call.flag("force"):
        if not call.text("lock-token"):
            raise Failure.parameter("lock-token", "the token is needed, unless 'force' is set")
        sdn_objects.require_lock(call)
    call.lab.store.delete("option", "sdn_lock")
    return None


@CALLS.post(f"{SDN}/rollback", allow=_WHOLE, parameters=LOCK | {"release-lock": boolean()})
def roll_back(call: Call) -> Json:
    """Forget what is written and not in force."""
    sdn_objects.require_lock(call)
    sdn_objects.roll_back(call)
    sdn_objects.release(call)
    return None


@CALLS.get("/nodes/{node}/sdn/zones")
def zones_of_node(call: Call) -> Json:
    """Return the zones of a node: one that is in force as it was written is available, another pending."""
    running = dict(call.lab.store.items("sdn_running", "zones/"))
    return [
        {"zone": name, "status": "available" if running.get(f"zones/{name}") == zone else "pending"}
        for name, zone in sdn_objects.written(call, ZONE).items()
        if call.allowed_any(f"/sdn/zones/{name}", "SDN.Audit", "SDN.Allocate")
    ]
