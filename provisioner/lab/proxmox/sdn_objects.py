"""The objects of the software-defined network: as written, as in force, and what is pending between the two."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.lab.proxmox.calls import Call, check_digest
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.values import Document, Json, digest, split_list

_BESIDE = ("pending", "running", "lock-token", "digest", "delete")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object: the folder it is kept in, the key of its name, and how Proxmox's texts call it."""

    folder: str
    key: str
    word: str  # `sdn zone object`
    missing: str  # `sdn`, `sdn vnet`


ZONE = Kind("zones", "zone", "zone", "sdn")
VNET = Kind("vnets", "vnet", "vnet", "sdn vnet")
SUBNET = Kind("subnets", "subnet", "subnet", "sdn subnet")


def written(call: Call, kind: Kind) -> dict[str, Document]:
    """Return the objects of a kind as they were written, by name."""
    return {key.removeprefix(f"{kind.folder}/"): document for key, document in call.lab.store.items("sdn", f"{kind.folder}/")}


def _in_force(call: Call, kind: Kind) -> dict[str, Document]:
    return {key.removeprefix(f"{kind.folder}/"): document for key, document in call.lab.store.items("sdn_running", f"{kind.folder}/")}


def find(call: Call, kind: Kind, name: str) -> Document:
    """Return an object as it was written; raise Proxmox's refusal if there is none."""
    found = call.lab.store.get("sdn", f"{kind.folder}/{name}")
    if found is None:
        raise Failure.of(f"{kind.missing} '{name}' does not exist")
    return found


def keep(call: Call, kind: Kind, name: str, document: Document) -> None:
    """Write an object."""
    call.lab.store.put("sdn", f"{kind.folder}/{name}", document)


def forget(call: Call, kind: Kind, name: str) -> None:
    """Take an object away; it stays in force until the next apply."""
    call.lab.store.delete("sdn", f"{kind.folder}/{name}")


def lock(call: Call) -> str | None:
    """Return the token of the lock on the whole configuration, if it is locked."""
    held = call.lab.store.get("option", "sdn_lock")
    return None if held is None else str(held["token"])


def require_lock(call: Call) -> None:
    """Raise the refusal of a change while somebody else holds the lock, or with a token of no lock."""
    held, shown = lock(call), call.text("lock-token")
    if held is not None and shown != held:
        raise Failure.of("invalid lock token provided!" if shown else "sdn configuration is currently locked!")
    if held is None and shown:
        raise Failure.of("sdn configuration is not locked, but a lock token was provided")


def release(call: Call) -> None:
    """Release the lock after a call that brought its token, unless it says not to."""
    if call.text("lock-token") and call.flag("release-lock", default=True):
        call.lab.store.delete("option", "sdn_lock")


def changes_wait(call: Call) -> bool:
    """Return whether something is written that is not in force."""
    return dict(call.lab.store.items("sdn")) != dict(call.lab.store.items("sdn_running"))


def roll_back(call: Call) -> None:
    """Write again what is in force."""
    store = call.lab.store
    with store.transaction():
        for key in store.keys("sdn"):
            store.delete("sdn", key)
        for key, document in store.items("sdn_running"):
            store.put("sdn", key, document)


def given(call: Call, kind: Kind) -> Document:
    """Return the settings of a call."""
    require_lock(call)
    return {name: value for name, value in call.parameters.items() if name not in (*_BESIDE, kind.key) and value != ""}


def changed(call: Call, kind: Kind, kept: Document, settings: Document) -> Document:
    """Return an object with a call's settings, without those that it deletes."""
    check_digest(call, _all(call, kind))
    gone = split_list(call.text("delete"))
    return {name: value for name, value in (kept | settings).items() if name not in gone}


def _all(call: Call, kind: Kind) -> Json:
    return dict(written(call, kind))


def shown(call: Call, kind: Kind, name: str, document: Document) -> Document:
    """Return an object as it was written, with the digest of all of its kind."""
    return {kind.key: name, "digest": digest(_all(call, kind)), **extra(kind, name), **document}


def extra(kind: Kind, name: str) -> Document:
    """Return what answers say of an object beside its settings: the parts of a subnet's name."""
    if kind is not SUBNET:
        return {}
    _, network, mask = name.rsplit("-", 2)
    return {"id": name, "cidr": f"{network}/{mask}", "network": network, "mask": mask, "dhcp-range": []}


def _pending(kind: Kind, name: str, running: Document | None, wanted: Document | None) -> Document:
    row: Document = {kind.key: name, "digest": None, **extra(kind, name)}
    if running is None:
        kept = wanted or {}
        return {**row, "type": kept.get("type"), "state": "new", "pending": {key: value for key, value in kept.items() if key != "type"}}
    row |= running
    if wanted is None:
        return {**row, "state": "deleted", "pending": {}}
    differing: Document = {key: value for key, value in wanted.items() if running.get(key) != value}
    differing |= dict.fromkeys((key for key in running if key not in wanted), "deleted")
    return {**row, "state": "changed", "pending": differing} if differing else row


def rows(call: Call, kind: Kind) -> list[Document]:
    """Return the objects of a kind as the call asks for them: as written, `running`, or with what is `pending`."""
    wanted, running = written(call, kind), _in_force(call, kind)
    if call.flag("running"):
        return [{kind.key: name, "digest": None, **extra(kind, name), **document} for name, document in sorted(running.items())]
    if call.flag("pending"):
        names = sorted({*wanted, *running})
        return [_pending(kind, name, running.get(name), wanted.get(name)) for name in names]
    return [shown(call, kind, name, document) for name, document in sorted(wanted.items())]


def one(call: Call, kind: Kind, name: str) -> Document:
    """Return one object as the call asks for it."""
    for row in rows(call, kind):
        if row[kind.key] == name:
            return row
    raise Failure.of(f"{kind.missing} '{name}' does not exist")


def apply(call: Call) -> None:
    """Put in force what was written."""
    store = call.lab.store
    with store.transaction():
        for key in store.keys("sdn_running"):
            store.delete("sdn_running", key)
        for key, document in store.items("sdn"):
            store.put("sdn_running", key, document)
