"""Aliases and sets of addresses, of the cluster or of a guest."""

from __future__ import annotations

from provisioner.lab.proxmox.access import Allow
from provisioner.lab.proxmox.calls import Call, Calls, check_digest
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.firewall_names import Names, addresses, kept, rows
from provisioner.lab.proxmox.parameters import DIGEST, Parameter, boolean, text
from provisioner.lab.proxmox.values import Document, Json, digest

NAME = text(min_length=2, max_length=64, pattern=r"[A-Za-z][A-Za-z0-9\-_]+")
_NEW_NAME = text(optional=True, min_length=2, max_length=64, pattern=NAME.pattern)
_COMMENT = text(optional=True)


def _address(_: str, value: str) -> str | None:
    try:
        addresses(value)
    except ValueError:
        return "value does not look like a valid IP address or network\n"
    return None


def _address_or_alias(name: str, value: str) -> str | None:
    return None if value.rpartition("/")[2][:1].isalpha() and ":" not in value else _address(name, value)


_CIDR = text(check=_address)
_MEMBER: dict[str, Parameter] = {"cidr": text(check=_address_or_alias)}


def owner(call: Call) -> str:
    """Return whose firewall a call means: a VMID, or `cluster`."""
    return str(call.vmid) if call.has("vmid") else "cluster"


def _keep(call: Call, kind: str, named: Document) -> None:
    call.lab.store.put("firewall", f"{owner(call)}/{kind}", {"named": named})


def declare(calls: Calls, base: str, see: Allow, change: Allow) -> None:
    """Declare the calls of aliases and sets below a firewall."""
    alias, one = f"{base}/aliases", {"name": NAME}
    calls.get(alias, allow=see)(list_aliases)
    calls.post(alias, allow=change, parameters={"name": NAME, "cidr": _CIDR, "comment": _COMMENT})(add_alias)
    calls.get(f"{alias}/{{name}}", allow=see, parameters=one)(read_alias)
    calls.put(
        f"{alias}/{{name}}", allow=change, parameters={**one, "cidr": _CIDR, "comment": _COMMENT, "rename": _NEW_NAME, "digest": DIGEST}
    )(change_alias)
    calls.delete(f"{alias}/{{name}}", allow=change, parameters={**one, "digest": DIGEST})(delete_alias)
    sets, member = f"{base}/ipset", {"name": NAME, **_MEMBER}
    calls.get(sets, allow=see)(list_sets)
    calls.post(sets, allow=change, parameters={"name": NAME, "comment": _COMMENT, "rename": _NEW_NAME, "digest": DIGEST})(add_set)
    calls.get(f"{sets}/{{name}}", allow=see, parameters=one)(list_members)
    calls.post(f"{sets}/{{name}}", allow=change, parameters={**member, "comment": _COMMENT, "nomatch": boolean()})(add_member)
    calls.delete(f"{sets}/{{name}}", allow=change, parameters={**one, "force": boolean()})(delete_set)
    calls.get(f"{sets}/{{name}}/{{cidr}}", allow=see, parameters=member)(read_member)
    calls.put(
        f"{sets}/{{name}}/{{cidr}}", allow=change, parameters={**member, "comment": _COMMENT, "nomatch": boolean(), "digest": DIGEST}
    )(change_member)
    calls.delete(f"{sets}/{{name}}/{{cidr}}", allow=change, parameters={**member, "digest": DIGEST})(delete_member)


def _aliases(call: Call) -> Document:
    return kept(call.lab.store, owner(call), "aliases")


def _shown(alias: Json) -> Document:
    row = dict(alias) if isinstance(alias, dict) else {}
    return {**row, "ipversion": addresses(str(row["cidr"]))[0].version}


def list_aliases(call: Call) -> Json:
    """Return the aliases."""
    aliases = _aliases(call)
    return [{**_shown(alias), "digest": digest(aliases)} for alias in aliases.values()]


def _alias(call: Call, aliases: Document) -> Json:
    if (found := aliases.get(call.text("name").lower())) is None:
        raise Failure.parameter("name", "no such alias")
    return found


def read_alias(call: Call) -> Json:
    """Return one alias."""
    return _shown(_alias(call, _aliases(call)))


def _given(call: Call, name: str) -> Document:
    given: Document = {"name": name, "cidr": call.text("cidr")}
    return given | ({"comment": call.text("comment")} if call.text("comment") else {})


def _refuse_taken(aliases: Document, name: str) -> None:
    if name.lower() in aliases:
        raise Failure.parameter("name", f"alias '{name}' already exists")


def add_alias(call: Call) -> Json:
    """Make an alias."""
    with call.lab.store.transaction():
        aliases, name = _aliases(call), call.text("name")
        _refuse_taken(aliases, name)
        _keep(call, "aliases", aliases | {name.lower(): _given(call, name)})
    return None


def change_alias(call: Call) -> Json:
    """Change or rename an alias."""
    with call.lab.store.transaction():
        aliases, old = _aliases(call), call.text("name")
        check_digest(call, aliases)
        _alias(call, aliases)
        new = call.text("rename", old)
        if new.lower() != old.lower():
            _refuse_taken(aliases, new)
        del aliases[old.lower()]
        _keep(call, "aliases", aliases | {new.lower(): _given(call, new)})
    return None


def delete_alias(call: Call) -> Json:
    """Delete an alias; one that is not there is no error, as on Proxmox."""
    with call.lab.store.transaction():
        aliases = _aliases(call)
        check_digest(call, aliases)
        aliases.pop(call.text("name").lower(), None)
        _keep(call, "aliases", aliases)
    return None


def _sets(call: Call) -> Document:
    return kept(call.lab.store, owner(call), "ipset")


def _set(sets: Document, name: str) -> Document:
    found = sets.get(name.lower())
    if not isinstance(found, dict):
        raise Failure.of(f"no such IPSet '{name}'")
    return dict(found)


def list_sets(call: Call) -> Json:
    """Return the sets, without their members."""
    found: list[Document] = []
    for one in _sets(call).values():
        row = dict(one) if isinstance(one, dict) else {}
        found.append({key: value for key, value in row.items() if key != "members"} | {"digest": digest(row)})
    return found


def add_set(call: Call) -> Json:
    """Make a set, or with `rename` give one another name or comment."""
    name, before = call.text("name"), call.text("rename")
    comment: Document = {"comment": call.text("comment")} if call.text("comment") else {}
    with call.lab.store.transaction():
        sets = _sets(call)
        if before and before.lower() not in sets:
            raise Failure.parameter("name", f"IPSet '{before}' does not exist")
        if name.lower() in sets and name.lower() != before.lower():
            raise Failure.parameter("name", f"IPSet '{name}' already exists")
        held = _set(sets, before) if before else {"members": []}
        if before:
            check_digest(call, held)
        sets.pop(before.lower(), None)
        _keep(call, "ipset", sets | {name.lower(): held | {"name": name} | comment})
    return None


def delete_set(call: Call) -> Json:
    """Delete an empty set, or with `force` any."""
    with call.lab.store.transaction():
        sets, name = _sets(call), call.text("name")
        if rows(_set(sets, name).get("members")) and not call.flag("force"):
            raise Failure.of(f"IPSet '{name}' is not empty")
        del sets[name.lower()]
        _keep(call, "ipset", sets)
    return None


def _members(call: Call) -> list[Document]:
    return rows(_set(_sets(call), call.text("name")).get("members"))


def _keep_members(call: Call, members: list[Document]) -> None:
    sets, name = _sets(call), call.text("name")
    _keep(call, "ipset", sets | {name.lower(): _set(sets, name) | {"members": members}})


def list_members(call: Call) -> Json:
    """Return the members of a set."""
    members = _members(call)
    return [{**member, "digest": digest(list(members))} for member in members]


def _position(call: Call, members: list[Document]) -> int:
    for position, member in enumerate(members):
        if member["cidr"] == call.text("cidr"):
            return position
    raise Failure.parameter("cidr", "no such IP/Network")


def read_member(call: Call) -> Json:
    """Return one member of a set."""
    members = _members(call)
    return {**members[_position(call, members)], "digest": digest(list(members))}


def _member(call: Call) -> Document:
    member: Document = {"cidr": call.text("cidr")}
    member |= {"nomatch": 1} if call.flag("nomatch") else {}
    return member | ({"comment": call.text("comment")} if call.text("comment") else {})


def add_member(call: Call) -> Json:
    """Add an address, a network or an alias to a set."""
    cidr = call.text("cidr")
    with call.lab.store.transaction():
        members = _members(call)
        if any(member["cidr"] == cidr for member in members):
            raise Failure.parameter("cidr", f"address '{cidr}' already exists")
        if Names(call.lab.store, owner(call)).one(cidr) is None:
            raise Failure.of(f"no such alias '{cidr}'")
        _keep_members(call, [*members, _member(call)])
    return None


def change_member(call: Call) -> Json:
    """Change a member's comment, or whether it is an exception."""
    with call.lab.store.transaction():
        members = _members(call)
        check_digest(call, list(members))
        members[_position(call, members)] = _member(call)
        _keep_members(call, members)
    return None


def delete_member(call: Call) -> Json:
    """Take a member out of a set; one that is not in it is no error."""
    with call.lab.store.transaction():
        members = _members(call)
        check_digest(call, list(members))
        _keep_members(call, [member for member in members if member["cidr"] != call.text("cidr")])
    return None
