"""Passwords, one's own permissions, realms, and the folder of all that."""

from __future__ import annotations

from provisioner.lab.proxmox import auth
from provisioner.lab.proxmox.access import EVERYONE, NOBODY_ASKED, Identity, Rights
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.parameters import text
from provisioner.lab.proxmox.values import Document, Json, digest

CALLS = Calls()
CALLS.index("/access", "subdir", ("users", "groups", "roles", "acl", "domains", "ticket", "password", "permissions"))
_TOP = ("/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms")
_REALMS = {"pam": "Linux PAM standard authentication", "pve": "Proxmox VE authentication server"}
_NO_TOKEN = "Permission check failed (URI '/access/password' not available with API token, need proper ticket."  # noqa: S105  a text of Proxmox's


@CALLS.put(
    "/access/password",
    allow=EVERYONE,
    parameters={
        "userid": text(max_length=64, pattern=r"[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+"),
        "password": text(min_length=8, max_length=64),
        "confirmation-password": text(optional=True, min_length=5, max_length=64),
    },
)
def change_password(call: Call) -> Json:
    """Set a password: one's own, which one knows, or another's with the right to it. A token may not."""
    if call.who.token is not None:
        raise Failure(403, _NO_TOKEN)
    user = call.text("userid")
    if user != call.who.user:
        call.require(f"/access/realm/{user.partition('@')[2]}", "Realm.AllocateUser")
        call.require("/access/groups", "User.Modify")
    with call.lab.store.transaction():
        kept = call.lab.store.get("user", user)
        if kept is None:
            raise Failure.of(f"no such user ('{user}')")
        if user == call.who.user and not auth.password_fits(call.text("confirmation-password"), str(kept.get("password", ""))):
            raise Failure.parameter("confirmation-password", "the present password is needed, and this is not it")
        call.lab.store.put("user", user, kept | {"password": auth.hash_password(call.text("password"))})
    return None


@CALLS.get(
    "/access/permissions",
    allow=EVERYONE,
    parameters={
        "path": text(optional=True),
        "userid": text(optional=True, pattern=r"[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+(![A-Za-z][A-Za-z0-9.\-_]+)?"),
    },
)
def permissions(call: Call) -> Json:
    """Return what the caller, or with Sys.Audit another, may do on each path that rights are given on."""
    rights = call.rights
    if call.has("userid") and call.text("userid") != call.who.full:
        user, _, token = call.text("userid").partition("!")
        if user != call.who.user:
            call.require("/access", "Sys.Audit")
        if call.lab.store.get("user", user) is None:
            raise Failure.of(f"no such user ('{user}')")
        rights = Rights(call.lab.store, Identity(user=user, token=token or None))
    paths = [call.text("path")] if call.has("path") else sorted({*_TOP, *(str(entry["path"]) for _, entry in call.lab.store.items("acl"))})
    shown: Document = {}
    for path in paths:
        held = rights.held(path)
        if held or call.has("path"):
            shown[path] = dict.fromkeys(sorted(held), 1)
    return shown


@CALLS.get("/access/domains", allow=NOBODY_ASKED)
def list_realms(call: Call) -> Json:
    """Return the two realms that a node comes with."""
    del call
    return [{"realm": name, "type": name, "comment": comment} for name, comment in _REALMS.items()]


@CALLS.get("/access/domains/{realm}", parameters={"realm": text(max_length=32)})
def read_realm(call: Call) -> Json:
    """Return a realm."""
    name = call.text("realm")
    if name not in _REALMS:
        raise Failure.of(f"domain '{name}' does not exist")
    plugin: Document = {"plugin": "PVE::Auth::PAM"} if name == "pam" else {}
    return {"type": name, "comment": _REALMS[name], "digest": digest(""), **plugin}
