"""Tickets: POST /access/ticket."""

from __future__ import annotations

from provisioner.lab.proxmox import access, auth
from provisioner.lab.proxmox.access import NOBODY_ASKED, Identity
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.parameters import boolean, text
from provisioner.lab.proxmox.values import Json

CALLS = Calls()
_AREAS = {"access": "/access", "dc": "/", "mapping": "/mapping", "nodes": "/nodes", "sdn": "/sdn", "storage": "/storage", "vms": "/vms"}
_PREFIXES = {
    "access": ("Group.", "Permissions.", "Realm.", "User."),
    "dc": ("Sys.", "SDN."),
    "mapping": ("Mapping.", "Permissions."),
    "nodes": ("Permissions.", "Sys."),
    "sdn": ("Permissions.", "SDN."),
    "storage": ("Datastore.", "Permissions."),
    "vms": ("Permissions.", "VM."),
}


@CALLS.post(
    "/access/ticket",
    allow=NOBODY_ASKED,
    parameters={
        "username": text(max_length=64),
        "password": text(),
        "realm": text(optional=True, max_length=32),
        "otp": text(optional=True),
        "new-format": boolean(),
        "path": text(optional=True, max_length=64),
        "privs": text(optional=True, max_length=64),
        "tfa-challenge": text(optional=True),
    },
)
def make_ticket(call: Call) -> Json:
    """Return a ticket for a password, or for a ticket that is still valid."""
    user = call.text("username")
    if call.has("realm") and "@" not in user:
        user = f"{user}@{call.text('realm')}"
    user = auth.login(call.lab.store, user, call.text("password"))
    return {
        "username": user,
        "ticket": auth.ticket(call.lab.store, user),
        "CSRFPreventionToken": auth.csrf_token(call.lab.store, user),
        "cap": _capabilities(call, user),
    }


@CALLS.get("/access/ticket", allow=NOBODY_ASKED)
def ticket_index(_: Call) -> Json:
    """Return nothing, as Proxmox does for its login form."""
    return None


def _capabilities(call: Call, user: str) -> Json:
    found: dict[str, Json] = {}
    for area, path in _AREAS.items():
        held = access.privileges(call.lab.store, Identity(user=user), path)
        found[area] = {name: 1 for name in sorted(held) if name.startswith(_PREFIXES[area])}
    return found
