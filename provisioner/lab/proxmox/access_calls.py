"""Access management: users, tokens, roles and the access control list."""

from __future__ import annotations

import uuid

from provisioner.lab.proxmox.access import EVERYONE, AnyOf, Need, normal_path
from provisioner.lab.proxmox.auth import REALMS, hash_token
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.parameters import boolean, integer, text
from provisioner.lab.proxmox.roles import ALL_PRIVILEGES, BUILT_IN
from provisioner.lab.proxmox.values import Document, Json, split_list, strings

CALLS = Calls()
_USER = text(max_length=64, pattern=r"[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+")
_ROLE = text(pattern=r"[A-Za-z0-9._-]+")
_TOKEN = text(min_length=2, pattern=r"[A-Za-z][A-Za-z0-9.\-_]+")
_MODIFY_USER = AnyOf(Need("/access/groups", "User.Modify"), Need("/access", "User.Modify"))
_ROOTS = ("access", "mapping", "nodes", "pool", "sdn", "storage", "vms")
_USER_SETTINGS = {
    "comment": text(optional=True),
    "email": text(optional=True),
    "enable": boolean(),
    "expire": integer(optional=True, minimum=0),
    "firstname": text(optional=True),
    "lastname": text(optional=True),
    "groups": text(optional=True),
    "keys": text(optional=True),
}


def _user(call: Call) -> Document:
    found = call.lab.store.get("user", call.text("userid"))
    if found is None:
        raise Failure.of(f"no such user ('{call.text('userid')}')")
    return found


def _public(user: Document) -> Document:
    return {key: value for key, value in user.items() if key not in ("password", "groups") and value != ""}


@CALLS.get("/access/users", parameters={"enabled": boolean(), "full": boolean()})
def list_users(call: Call) -> Json:
    """Return the users that the caller may see: all with User.Modify or Sys.Audit on /access, else himself."""
    rows: list[Document] = []
    for name, user in call.lab.store.items("user"):
        if name != call.who.user and not call.allowed_any("/access", "User.Modify", "Sys.Audit"):
            continue
        if call.has("enabled") and bool(user.get("enable", 1)) != call.flag("enabled"):
            continue
        row: Document = {"userid": name, "enable": 1, "expire": 0, "realm-type": name.rpartition("@")[2], **_public(user)}
        rows.append(row | ({"groups": ",".join(strings(user.get("groups"))), "tokens": _tokens(call, name)} if call.flag("full") else {}))
    return rows


@CALLS.get("/access/users/{userid}", allow=AnyOf(Need("/access/groups", "User.Modify"), Need("/access/groups", "Sys.Audit")), parameters={"userid": _USER})
def read_user(call: Call) -> Json:
    """Return one user."""
    user = _user(call)
    tokens: Document = {str(row["tokenid"]): {key: value for key, value in row.items() if key != "tokenid"} for row in _tokens(call, call.text("userid"))}
    return {"enable": 1, "expire": 0, **_public(user), "groups": list(strings(user.get("groups"))), "tokens": tokens}


def _given_user(call: Call) -> Document:
    given: Document = {name: call.parameters[name] for name in _USER_SETTINGS if call.has(name) and name != "groups"}
    if call.has("groups"):
        given["groups"] = list(split_list(call.text("groups")))
    return given


@CALLS.post("/access/users", allow=_MODIFY_USER, parameters={"userid": _USER, "password": text(optional=True, min_length=8, max_length=64), **_USER_SETTINGS})
def add_user(call: Call) -> Json:
    """Make a user; without a password nobody logs in with it."""
    name = call.text("userid")
    if name.rpartition("@")[2] not in REALMS:
        raise Failure.of(f"create user failed: domain '{name.rpartition('@')[2]}' does not exist")
    with call.lab.store.transaction():
        if call.lab.store.get("user", name) is not None:
            raise Failure.of(f"create user failed: user '{name}' already exists")
        call.lab.store.put("user", name, {"enable": 1, "expire": 0, "groups": [], **_given_user(call)})
    return None


@CALLS.put("/access/users/{userid}", allow=_MODIFY_USER, parameters={"userid": _USER, "append": boolean(), **_USER_SETTINGS})
def change_user(call: Call) -> Json:
    """Change a user."""
    with call.lab.store.transaction():
        call.lab.store.put("user", call.text("userid"), _user(call) | _given_user(call))
    return None


@CALLS.delete("/access/users/{userid}", allow=_MODIFY_USER, parameters={"userid": _USER})
def delete_user(call: Call) -> Json:
    """Delete a user with his tokens and rights."""
    name = call.text("userid")
    with call.lab.store.transaction():
        _user(call)
        call.lab.store.delete("user", name)
        for key in call.lab.store.keys("token", f"{name}!"):
            call.lab.store.delete("token", key)
        for key, entry in call.lab.store.items("acl"):
            if str(entry["ugid"]).partition("!")[0] == name:
                call.lab.store.delete("acl", key)
    return None


def _tokens(call: Call, user: str) -> list[Document]:
    return [{"tokenid": key.partition("!")[2], **_shown_token(token)} for key, token in call.lab.store.items("token", f"{user}!")]


def _shown_token(token: Document) -> Document:
    return {"expire": 0, "privsep": 1, **{key: value for key, value in token.items() if key != "hash" and value != ""}}


def _own_or_modify(call: Call) -> None:
    if call.who.user != call.text("userid") and not call.allowed("/access", "User.Modify"):
        raise Failure.denied("/access", "User.Modify")


@CALLS.get("/access/users/{userid}/token", parameters={"userid": _USER})
def list_tokens(call: Call) -> Json:
    """Return a user's tokens, without their secrets."""
    _own_or_modify(call)
    _user(call)
    return _tokens(call, call.text("userid"))


def _token(call: Call) -> Document:
    _user(call)
    found = call.lab.store.get("token", f"{call.text('userid')}!{call.text('tokenid')}")
    if found is None:
        raise Failure.of(f"no such token '{call.text('tokenid')}' for user '{call.text('userid')}'")
    return found


@CALLS.get("/access/users/{userid}/token/{tokenid}", parameters={"userid": _USER, "tokenid": _TOKEN})
def read_token(call: Call) -> Json:
    """Return one token."""
    _own_or_modify(call)
    return _shown_token(_token(call))


_TOKEN_SETTINGS = {"comment": text(optional=True), "expire": integer(optional=True, minimum=0), "privsep": boolean()}


@CALLS.post("/access/users/{userid}/token/{tokenid}", allow=EVERYONE, parameters={"userid": _USER, "tokenid": _TOKEN, **_TOKEN_SETTINGS})
def add_token(call: Call) -> Json:
    """Make a token; its secret is shown here and never again."""
    _own_or_modify(call)
    full, value = f"{call.text('userid')}!{call.text('tokenid')}", str(uuid.uuid4())
    settings: Document = {"expire": call.integer("expire"), "privsep": int(call.flag("privsep", default=True)), "comment": call.text("comment")}
    with call.lab.store.transaction():
        _user(call)
        if call.lab.store.get("token", full) is not None:
            raise Failure.parameter("tokenid", "Token already exists.")
        call.lab.store.put("token", full, settings | {"hash": hash_token(value)})
    info = {key: value for key, value in settings.items() if value != ""} | {"privsep": str(settings["privsep"])}
    return {"full-tokenid": full, "info": info, "value": value}


@CALLS.put("/access/users/{userid}/token/{tokenid}", allow=EVERYONE, parameters={"userid": _USER, "tokenid": _TOKEN, **_TOKEN_SETTINGS})
def change_token(call: Call) -> Json:
    """Change a token."""
    _own_or_modify(call)
    given: Document = {name: call.parameters[name] for name in _TOKEN_SETTINGS if call.has(name)}
    with call.lab.store.transaction():
        token = _token(call) | given
        call.lab.store.put("token", f"{call.text('userid')}!{call.text('tokenid')}", token)
    return _shown_token(token)


@CALLS.delete("/access/users/{userid}/token/{tokenid}", allow=EVERYONE, parameters={"userid": _USER, "tokenid": _TOKEN})
def delete_token(call: Call) -> Json:
    """Revoke a token; its rights go with it."""
    _own_or_modify(call)
    full = f"{call.text('userid')}!{call.text('tokenid')}"
    with call.lab.store.transaction():
        _token(call)
        call.lab.store.delete("token", full)
        for key, entry in call.lab.store.items("acl"):
            if entry["ugid"] == full:
                call.lab.store.delete("acl", key)
    return None


@CALLS.get("/access/roles")
def list_roles(call: Call) -> Json:
    """Return all roles."""
    built_in: list[Document] = [{"roleid": name, "privs": ",".join(sorted(privileges)), "special": 1} for name, privileges in sorted(BUILT_IN.items())]
    own: list[Document] = [{"roleid": name, "privs": ",".join(sorted(strings(role["privs"]))), "special": 0} for name, role in call.lab.store.items("role")]
    return [*built_in, *own]


def _role(call: Call) -> Document:
    found = call.lab.store.get("role", call.text("roleid"))
    if found is None:
        raise Failure.of(f"role '{call.text('roleid')}' does not exist")
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
        kept = strings(_role(call)["privs"]) if call.flag("append") else ()
        call.lab.store.put("role", call.text("roleid"), {"privs": sorted({*kept, *_given_privileges(call)})})
    return None


@CALLS.delete("/access/roles/{roleid}", allow=_MODIFY_ROLE, parameters={"roleid": _ROLE})
def delete_role(call: Call) -> Json:
    """Delete a role of one's own."""
    if call.text("roleid") in BUILT_IN:
        raise Failure.of(f"auto-generated role '{call.text('roleid')}' cannot be deleted")
    with call.lab.store.transaction():
        _role(call)
        call.lab.store.delete("role", call.text("roleid"))
    return None


@CALLS.get("/access/acl")
def list_acl(call: Call) -> Json:
    """Return the entries on paths where the caller may see or change rights."""
    return [
        {"path": key.split("|")[0], "propagate": entry["propagate"], "roleid": entry["roleid"], "type": entry["type"], "ugid": entry["ugid"]}
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
    path = normal_path(call.text("path"))
    if path != "/" and path.split("/")[1] not in _ROOTS:
        raise Failure.parameter("path", f"invalid ACL path '{call.text('path')}'")
    with call.lab.store.transaction():
        for role in split_list(call.text("roles")):
            if role not in BUILT_IN and call.lab.store.get("role", role) is None:
                raise Failure.of(f"role '{role}' does not exist")
            for kind in ("user", "group", "token"):
                for who in split_list(call.text(f"{kind}s")):
                    _set_entry(call, path, role, kind, who)
    return None


def _set_entry(call: Call, path: str, role: str, kind: str, who: str) -> None:
    if call.lab.store.get(kind, who) is None:
        raise Failure.of(f"{kind} '{who}' does not exist")
    key = f"{path}|{kind}|{who}|{role}"
    if call.flag("delete"):
        call.lab.store.delete("acl", key)
        return
    call.lab.store.put("acl", key, {"type": kind, "ugid": who, "roleid": role, "propagate": int(call.flag("propagate", default=True))})
