"""Users and their API tokens."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from provisioner.lab.proxmox.access import EVERYONE, AllOf, Asking, Need
from provisioner.lab.proxmox.auth import hash_password, hash_token
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.parameters import boolean, integer, text
from provisioner.lab.proxmox.values import Document, Json, split_list, strings

CALLS = Calls()
_USER = text(max_length=64, pattern=r"[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+")
_TOKEN = text(pattern=r"[A-Za-z][A-Za-z0-9.\-_]+")


class _Realm:
    """Realm.AllocateUser on the realm of the user named."""

    def refusal(self, ask: Asking, parameters: Mapping[str, str]) -> tuple[str, str] | None:
        """Return what lacks; Proxmox looks at the name here, before it verifies parameters."""
        user = parameters.get("userid", "")
        if user and "@" not in user:
            raise Failure.of(f"value '{user}' does not look like a valid user name")
        return Need(f"/access/realm/{user.rpartition('@')[2]}", "Realm.AllocateUser").refusal(ask, parameters)


_MODIFY_USER = Need("/access/groups", "User.Modify")
_MAKE_USER = AllOf(_Realm(), _MODIFY_USER)
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


@CALLS.get("/access/users/{userid}", allow=Need("/access/groups", "User.Modify", "Sys.Audit", any_of=True), parameters={"userid": _USER})
def read_user(call: Call) -> Json:
    """Return one user."""
    user = _user(call)
    tokens: Document = {
        str(row["tokenid"]): {key: value for key, value in row.items() if key != "tokenid"} for row in _tokens(call, call.text("userid"))
    }
    return {"enable": 1, "expire": 0, **_public(user), "groups": list(strings(user.get("groups"))), "tokens": tokens or None}


def _given_user(call: Call, doing: str) -> Document:
    given: Document = {name: call.parameters[name] for name in _USER_SETTINGS if call.has(name) and name != "groups"}
    if call.has("groups"):
        groups = split_list(call.text("groups"))
        for group in groups:
            if call.lab.store.get("group", group) is None:
                raise Failure.of(f"{doing} user failed: no such group '{group}'")
        given["groups"] = list(groups)
    return given


@CALLS.post(
    "/access/users",
    allow=_MAKE_USER,
    parameters={"userid": _USER, "password": text(optional=True, min_length=8, max_length=64), **_USER_SETTINGS},
)
def add_user(call: Call) -> Json:
    """Make a user; without a password nobody logs in with it."""
    name = call.text("userid")
    password: Document = {"password": hash_password(call.text("password"))} if call.has("password") else {}
    with call.lab.store.transaction():
        if call.lab.store.get("user", name) is not None:
            raise Failure.of(f"create user failed: user '{name}' already exists")
        call.lab.store.put("user", name, {"enable": 1, "expire": 0, "groups": [], **_given_user(call, "create"), **password})
    return None


@CALLS.put("/access/users/{userid}", allow=_MODIFY_USER, parameters={"userid": _USER, "append": boolean(), **_USER_SETTINGS})
def change_user(call: Call) -> Json:
    """Change a user."""
    with call.lab.store.transaction():
        call.lab.store.put("user", call.text("userid"), _user(call) | _given_user(call, "update"))
    return None


@CALLS.delete("/access/users/{userid}", allow=_MAKE_USER, parameters={"userid": _USER})
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


def _own_or_modify(call: Call) -> None:
    """Refuse all but the user himself, by ticket and not by a token, and those who may change users."""
    if call.who.full == call.text("userid"):
        return
    if call.lab.store.get("user", call.text("userid")) is None or not call.allowed("/access/groups", "User.Modify"):
        raise Failure.denied()


def _shown_token(token: Document) -> Document:
    return {"expire": 0, "privsep": 1, **{key: value for key, value in token.items() if key != "hash" and value != ""}}


@CALLS.get("/access/users/{userid}/token", allow=EVERYONE, parameters={"userid": _USER})
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


@CALLS.get("/access/users/{userid}/token/{tokenid}", allow=EVERYONE, parameters={"userid": _USER, "tokenid": _TOKEN})
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
    settings: Document = {
        "expire": call.integer("expire"),
        "privsep": int(call.flag("privsep", default=True)),
        "comment": call.text("comment"),
    }
    with call.lab.store.transaction():
        _user(call)
        if call.lab.store.get("token", full) is not None:
            raise Failure.parameter("tokenid", "Token already exists.")
        call.lab.store.put("token", full, settings | {"hash": hash_token(value)})
    info = {key: value for key, value in settings.items() if value not in ("", 0)} | {"privsep": str(settings["privsep"])}
    return {"full-tokenid": full, "info": info, "value": value}


@CALLS.put(
    "/access/users/{userid}/token/{tokenid}",
    allow=EVERYONE,
    parameters={"userid": _USER, "tokenid": _TOKEN, "delete": text(optional=True), **_TOKEN_SETTINGS},
)
def change_token(call: Call) -> Json:
    """Change a token."""
    _own_or_modify(call)
    given: Document = {name: call.parameters[name] for name in _TOKEN_SETTINGS if call.has(name)}
    with call.lab.store.transaction():
        cleared = split_list(call.text("delete"))
        token = {key: value for key, value in (_token(call) | given).items() if key not in cleared or key == "hash"}
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
