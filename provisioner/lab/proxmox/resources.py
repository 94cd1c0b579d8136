"""GET /cluster/resources: everything of the cluster in one list."""

from __future__ import annotations

from provisioner.lab.proxmox import figures, guest_status, guest_store, sdn_objects, storages
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.installer import storage_folder
from provisioner.lab.proxmox.nodes import node_row
from provisioner.lab.proxmox.parameters import text
from provisioner.lab.proxmox.sdn_objects import ZONE
from provisioner.lab.proxmox.values import Document, Json, split_list, strings

CALLS = Calls()


def _guests(call: Call) -> list[Document]:
    pools = {vmid: key for key, pool in call.lab.store.items("pool") for vmid in strings(pool.get("vms"))}
    return [
        guest_status.resource(call.lab, guest, pools.get(str(guest.vmid)))
        for guest in guest_store.every(call.lab.store)
        if call.allowed(f"/vms/{guest.vmid}", "VM.Audit")
    ]


def storage_rows(call: Call) -> list[Document]:
    """Return the storages that the caller may see, one row for each node that has them."""
    rows: list[Document] = []
    for name, settings in call.lab.store.items("storage"):
        if not call.allowed_any(f"/storage/{name}", "Datastore.Audit", "Datastore.AllocateSpace"):
            continue
        for node in call.lab.store.keys("node"):
            if storages.available(settings, node):
                storage_folder(call.lab.root, node, name).mkdir(parents=True, exist_ok=True)
                space = figures.space(storage_folder(call.lab.root, node, name))
                rows.append(
                    {
                        "id": f"storage/{node}/{name}",
                        "type": "storage",
                        "node": node,
                        "storage": name,
                        "status": "available",
                        "plugintype": settings["type"],
                        "content": ",".join(split_list(str(settings.get("content", "")))),
                        "shared": int(bool(settings.get("shared", 0))),
                        "maxdisk": space["total"],
                        "disk": space["used"],
                    }
                )
    return rows


def _pools(call: Call) -> list[Document]:
    return [
        {"id": f"/pool/{key}", "type": "pool", "pool": key}
        for key in call.lab.store.keys("pool")
        if call.allowed(f"/pool/{key}", "Pool.Audit")
    ]


def _networks(call: Call) -> list[Document]:
    own: list[Document] = [
        {
            "id": f"network/{node}/zone/localnetwork",
            "type": "network",
            "node": node,
            "network": "localnetwork",
            "network-type": "zone",
            "status": "ok",
        }
        for node in call.lab.store.keys("node")
        if call.allowed_any("/sdn/zones/localnetwork", "SDN.Audit", "SDN.Use")
    ]
    return own + [
        _zone(call, node, name, zone) for name, zone in sdn_objects.written(call, ZONE).items() for node in call.lab.store.keys("node")
    ]


def _zone(call: Call, node: str, name: str, zone: Document) -> Document:
    """Return the row of a virtual zone on a node."""
    status = "ok" if call.lab.store.get("sdn_running", f"zones/{name}") == zone else "pending"
    row: Document = {"id": f"network/{node}/zone/{name}", "type": "network", "node": node, "network": name, "network-type": "zone"}
    return row | {"zone-type": zone["type"], "status": status}


@CALLS.get("/cluster/resources", parameters={"type": text(optional=True, enum=("vm", "storage", "node", "sdn"))})
def resources(call: Call) -> Json:
    """Return guests, storages, nodes, pools and zones that the caller may see."""
    wanted = call.text("type")
    rows: list[Document] = []
    if wanted in ("", "vm"):
        rows += _guests(call)
    if wanted in ("", "node"):
        rows += [node_row(call, node) for node in call.lab.store.keys("node")]
    if wanted in ("", "storage"):
        rows += storage_rows(call)
    if wanted == "":
        rows += _pools(call)
    if wanted in ("", "sdn"):
        rows += _networks(call)
    return rows
