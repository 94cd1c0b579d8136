"""Groups of users."""

from __future__ import annotations

from provisioner.lab.proxmox.access import Need
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.parameters import text
from provisioner.lab.proxmox.values import Document, Json, strings

CALLS = Calls()
_GROUP = text(pattern=r"[A-Za-z0-9._-]+")
_ALLOCATE = Need("/access/groups", "Group.Allocate")
_SEE = ("Group.Allocate", "Sys.Audit", "User.Modify")


def _group(call: Call, doing: str = "") -> Document:
    found = call.lab.store.get("group", call.text("groupid"))
    if found is None:
        raise Failure.of(f"{doing}group '{call.text('groupid')}' does not exist")
    return found


def _members(call: Call, group: str) -> list[str]:
    return [name for name, user in call.lab.store.items("user") if group in strings(user.get("groups"))]


def _comment(group: Document) -> Document:
    return {"comment": group["comment"]} if group.get("comment") else {}


@CALLS.get("/access/groups")
def list_groups(call: Call) -> Json:
    """Return the groups that the caller may see, with their users in one string."""
    return [
        {"groupid": name, "users": ",".join(_members(call, name)), **_comment(group)}
        for name, group in call.lab.store.items("group")
        if call.allowed_any("/access/groups", *_SEE)
    ]


@CALLS.get(
    "/access/groups/{groupid}", allow=Need("/access/groups", "Group.Allocate", "Sys.Audit", any_of=True), parameters={"groupid": _GROUP}
)
def read_group(call: Call) -> Json:
    """Return one group."""
    group = _group(call)
    return {"members": _members(call, call.text("groupid")), **_comment(group)}


@CALLS.post("/access/groups", allow=_ALLOCATE, parameters={"groupid": _GROUP, "comment": text(optional=True)})
def add_group(call: Call) -> Json:
    """Make a group."""
    name = call.text("groupid")
    with call.lab.store.transaction():
        if call.lab.store.get("group", name) is not None:
            raise Failure.of(f"create group failed: group '{name}' already exists")
        call.lab.store.put("group", name, {"comment": call.text("comment")})
    return None


@CALLS.put("/access/groups/{groupid}", allow=_ALLOCATE, parameters={"groupid": _GROUP, "comment": text(optional=True)})
def change_group(call: Call) -> Json:
    """Change a group's comment."""
    with call.lab.store.transaction():
        given: Document = {"comment": call.text("comment")} if call.has("comment") else {}
        call.lab.store.put("group", call.text("groupid"), _group(call, "update group failed: ") | given)
    return None


@CALLS.delete("/access/groups/{groupid}", allow=_ALLOCATE, parameters={"groupid": _GROUP})
def delete_group(call: Call) -> Json:
    """Delete a group: its users leave it and its rights end."""
    name = call.text("groupid")
    with call.lab.store.transaction():
        _group(call, "delete group failed: ")
        call.lab.store.delete("group", name)
        for key, user in call.lab.store.items("user"):
            if name in strings(user.get("groups")):
                call.lab.store.put("user", key, user | {"groups": [one for one in strings(user["groups"]) if one != name]})
        for key, entry in call.lab.store.items("acl"):
            if entry["type"] == "group" and entry["ugid"] == name:
                call.lab.store.delete("acl", key)
    return None
