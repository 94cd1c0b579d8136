"""Roles and the access control list."""

from __future__ import annotations

from provisioner.lab.proxmox.access import Need, normal_path
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.parameters import boolean, text
from provisioner.lab.proxmox.roles import ALL_PRIVILEGES, BUILT_IN
from provisioner.lab.proxmox.values import Document, Json, split_list, strings

CALLS = Calls()
_ROLE = text(pattern=r"[A-Za-z0-9._-]+")
_ROOTS = ("access", "mapping", "nodes", "pool", "sdn", "storage", "vms")
_WHO = ("users", "groups", "tokens")


@CALLS.get("/access/roles")
def list_roles(call: Call) -> Json:
    """Return all roles."""
    built_in: list[Document] = [
        {"roleid": name, "privs": ",".join(sorted(privileges)), "special": 1} for name, privileges in sorted(BUILT_IN.items())
    ]
    own: list[Document] = [
        {"roleid": name, "privs": ",".join(sorted(strings(role["privs"]))), "special": 0} for name, role in call.lab.store.items("role")
    ]
    return [*built_in, *own]


def _role(call: Call, doing: str = "") -> Document:
    found = call.lab.store.get("role", call.text("roleid"))
    if found is None:
        raise Failure.of(f"{doing}role '{call.text('roleid')}' does not exist")
    return found


@CALLS.get("/access/roles/{roleid}", parameters={"roleid": _ROLE})
def read_role(call: Call) -> Json:
    """Return a role's privileges as an object."""
    name = call.text("roleid")
    held = BUILT_IN[name] if name in BUILT_IN else strings(_role(call)["privs"])
    return dict.fromkeys(sorted(held), 1)


def _given_privileges(call: Call) -> list[str]:
    given = split_list(call.text("privs"))
    for one in given:
        if one not in ALL_PRIVILEGES:
            raise Failure.parameter("privs", f"invalid format - invalid privilege '{one}'\n")
    return sorted(set(given))


_MODIFY_ROLE = Need("/access", "Sys.Modify")


@CALLS.post("/access/roles", allow=_MODIFY_ROLE, parameters={"roleid": _ROLE, "privs": text(optional=True)})
def add_role(call: Call) -> Json:
    """Make a role."""
    name = call.text("roleid")
    with call.lab.store.transaction():
        if name in BUILT_IN or call.lab.store.get("role", name) is not None:
            raise Failure.of(f"create role failed: role '{name}' already exists")
        call.lab.store.put("role", name, {"privs": _given_privileges(call)})
    return None


@CALLS.put("/access/roles/{roleid}", allow=_MODIFY_ROLE, parameters={"roleid": _ROLE, "privs": text(optional=True), "append": boolean()})
def change_role(call: Call) -> Json:
    """Change a role's privileges."""
    if call.text("roleid") in BUILT_IN:
        raise Failure.of(f"update role failed: auto-generated role '{call.text('roleid')}' cannot be modified")
    with call.lab.store.transaction():
        before = strings(_role(call, "update role failed: ")["privs"])
        kept = before if call.flag("append") else ()
        call.lab.store.put("role", call.text("roleid"), {"privs": sorted({*kept, *_given_privileges(call)})})
    return None


@CALLS.delete("/access/roles/{roleid}", allow=_MODIFY_ROLE, parameters={"roleid": _ROLE})
def delete_role(call: Call) -> Json:
    """Delete a role of one's own."""
    if call.text("roleid") in BUILT_IN:
        raise Failure.of(f"auto-generated role '{call.text('roleid')}' cannot be deleted")
    with call.lab.store.transaction():
        _role(call, "delete role failed: ")
        call.lab.store.delete("role", call.text("roleid"))
    return None


@CALLS.get("/access/acl")
def list_acl(call: Call) -> Json:
    """Return the entries on paths where the caller may see or change rights."""
    return [
        {
            "path": key.split("|")[0],
            "propagate": entry["propagate"],
            "roleid": entry["roleid"],
            "type": entry["type"],
            "ugid": entry["ugid"],
        }
        for key, entry in call.lab.store.items("acl")
        if call.allowed_any(key.split("|")[0], "Permissions.Modify") or call.allowed_any("/access", "Sys.Audit")
    ]


@CALLS.put(
    "/access/acl",
    allow=Need("{path}", "Permissions.Modify"),
    parameters={
        "path": text(),
        "roles": text(),
        "users": text(optional=True),
        "groups": text(optional=True),
        "tokens": text(optional=True),
        "propagate": boolean(),
        "delete": boolean(),
    },
)
def change_acl(call: Call) -> Json:
    """Give or take roles on a path."""
    if not any(call.has(who) for who in _WHO):
        raise Failure.parameters(dict.fromkeys(_WHO, "either 'users', 'groups' or 'tokens' is required."))
    path = normal_path(call.text("path"))
    if path != "/" and path.split("/")[1] not in _ROOTS:
        raise Failure.parameter("path", f"invalid ACL path '{call.text('path')}'")
    with call.lab.store.transaction():
        for role in split_list(call.text("roles")):
            if role not in BUILT_IN and call.lab.store.get("role", role) is None:
                raise Failure.of(f"ACL update failed: role '{role}' does not exist")
            for kind in ("user", "group", "token"):
                for who in split_list(call.text(f"{kind}s")):
                    _set_entry(call, path, role, kind, who)
    return None


def _set_entry(call: Call, path: str, role: str, kind: str, who: str) -> None:
    if call.lab.store.get(kind, who) is None:
        raise Failure.of(f"ACL update failed: {kind} '{who}' does not exist")
    key = f"{path}|{kind}|{who}|{role}"
    if call.flag("delete"):
        call.lab.store.delete("acl", key)
        return
    call.lab.store.put(
        "acl", key, {"path": path, "type": kind, "ugid": who, "roleid": role, "propagate": int(call.flag("propagate", default=True))}
    )
