"""Pools: names for guests and storages that rights are given on."""

from __future__ import annotations

from provisioner.lab.proxmox import guest_status, guest_store
from provisioner.lab.proxmox.access import Need
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.parameters import boolean, text
from provisioner.lab.proxmox.resources import storage_rows
from provisioner.lab.proxmox.values import Document, Json, split_list, strings

CALLS = Calls()
_POOL = text(max_length=1024, pattern=r"[A-Za-z0-9._/-]+")
_KIND = text(optional=True, enum=("qemu", "lxc", "storage"))
_CHANGE = Need("/pool/{poolid}", "Pool.Allocate")


def _pool(call: Call, name: str) -> Document:
    found = call.lab.store.get("pool", name)
    if found is None:
        raise Failure.of(f"pool '{name}' does not exist")
    return found


def _row(name: str, pool: Document) -> Document:
    comment: Document = {"comment": pool["comment"]} if pool.get("comment") else {}
    return {"poolid": name, **comment}


def _members(call: Call, pool: Document) -> list[Document]:
    guests: list[Document] = []
    for vmid in strings(pool.get("vms")):
        guest = guest_store.find(call.lab.store, int(vmid))
        if guest is not None and call.allowed(f"/vms/{vmid}", "VM.Audit"):
            row = guest_status.resource(call.lab, guest, None)
            guests.append({key: value for key, value in row.items() if key not in ("pool", "tags")})
    stores = [row for row in storage_rows(call) if row["storage"] in strings(pool.get("storage"))]
    return [row for row in (*guests, *stores) if call.text("type") in ("", row["type"])]


@CALLS.get(
    "/pools", parameters={"poolid": text(optional=True), "type": text(optional=True, enum=("qemu", "lxc", "storage"), requires="poolid")}
)
def list_pools(call: Call) -> Json:
    """Return the pools that the caller may see; with `poolid` one, with its members."""
    if call.has("poolid"):
        name = call.text("poolid")
        call.require(f"/pool/{name}", "Pool.Audit")
        pool = _pool(call, name)
        return [_row(name, pool) | {"members": _members(call, pool)}]
    return [
        _row(name, pool) for name, pool in call.lab.store.items("pool") if call.allowed_any(f"/pool/{name}", "Pool.Audit", "Pool.Allocate")
    ]


@CALLS.get("/pools/{poolid}", allow=Need("/pool/{poolid}", "Pool.Audit"), parameters={"poolid": _POOL, "type": _KIND})
def read_pool(call: Call) -> Json:
    """Return one pool with its members."""
    pool = _pool(call, call.text("poolid"))
    return {**_row(call.text("poolid"), pool), "members": _members(call, pool)}


@CALLS.post("/pools", allow=_CHANGE, parameters={"poolid": _POOL, "comment": text(optional=True)})
def add_pool(call: Call) -> Json:
    """Make an empty pool."""
    name = call.text("poolid")
    with call.lab.store.transaction():
        if call.lab.store.get("pool", name) is not None:
            raise Failure.of(f"create pool failed: pool '{name}' already exists")
        call.lab.store.put("pool", name, {"comment": call.text("comment"), "vms": [], "storage": []})
    return None


def _moved(call: Call, name: str, vmid: str) -> None:
    """Refuse a guest that sits in another pool unless moving is allowed; take it out there."""
    for other, pool in call.lab.store.items("pool"):
        if other == name or vmid not in strings(pool.get("vms")):
            continue
        if not call.flag("allow-move"):
            raise Failure.of(f"VM {vmid} belongs already to pool '{other}' and 'allow-move' is not set")
        call.lab.store.put("pool", other, pool | {"vms": [one for one in strings(pool.get("vms")) if one != vmid]})


def _changed(call: Call, name: str, members: list[str], given: str, what: str) -> list[str]:
    root, privilege = ("vms", "VM.Allocate") if given == "vms" else ("storage", "Datastore.Allocate")
    for member in split_list(call.text(given)):
        call.require_any(f"/{root}/{member}", "Permissions.Modify", privilege)  # or a pool would lend rights on others' guests
        if call.flag("delete"):
            if member not in members:
                raise Failure.of(f"{what} {member} is not a pool member")
            members.remove(member)
            continue
        if member in members:
            raise Failure.of(f"{what} {member} is already a pool member")
        if given == "vms":
            _moved(call, name, member)
        members.append(member)
    return members


def _update(call: Call) -> Json:
    name = call.text("poolid")
    with call.lab.store.transaction():
        pool = _pool(call, name)
        if call.has("comment"):
            pool["comment"] = call.text("comment")
        pool["vms"] = _changed(call, name, list(strings(pool.get("vms"))), "vms", "VM")
        pool["storage"] = _changed(call, name, list(strings(pool.get("storage"))), "storage", "Storage")
        call.lab.store.put("pool", name, pool)
    return None


_MEMBERS = {
    "comment": text(optional=True),
    "vms": text(optional=True),
    "storage": text(optional=True),
    "delete": boolean(),
    "allow-move": boolean(),
}


@CALLS.put("/pools", allow=_CHANGE, parameters={"poolid": _POOL, **_MEMBERS})
def change_pool(call: Call) -> Json:
    """Change a pool's comment, or put members in or take them out."""
    return _update(call)


@CALLS.put("/pools/{poolid}", allow=_CHANGE, parameters={"poolid": _POOL, **_MEMBERS})
def change_pool_by_path(call: Call) -> Json:
    """Change a pool named in the path."""
    return _update(call)


def _delete(call: Call) -> Json:
    name = call.text("poolid")
    with call.lab.store.transaction():
        pool = _pool(call, name)
        if strings(pool.get("vms")) or strings(pool.get("storage")):
            raise Failure.of(f"delete pool failed: pool '{name}' is not empty")
        call.lab.store.delete("pool", name)
    return None


@CALLS.delete("/pools", allow=_CHANGE, parameters={"poolid": _POOL})
def delete_pool(call: Call) -> Json:
    """Delete an empty pool."""
    return _delete(call)


@CALLS.delete("/pools/{poolid}", allow=_CHANGE, parameters={"poolid": _POOL})
def delete_pool_by_path(call: Call) -> Json:
    """Delete an empty pool named in the path."""
    return _delete(call)
