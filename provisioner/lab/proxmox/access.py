"""Who may do what: users, tokens, groups, roles and access control lists over paths, as Proxmox VE computes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from provisioner.lab.proxmox.roles import ALL_PRIVILEGES, BUILT_IN
from provisioner.lab.proxmox.store import Store
from provisioner.lab.proxmox.values import strings

ROOT = "root@pam"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who calls: a user, and the token's name if one was used. The empty user called without a login."""

    user: str
    token: str | None = None

    @property
    def full(self) -> str:
        """Return `user@realm` or `user@realm!token`."""
        return f"{self.user}!{self.token}" if self.token else self.user


class Asking(Protocol):
    """What a permission expression looks at."""

    def allowed(self, path: str, privilege: str) -> bool:
        """Return whether the caller has the privilege on the path."""


class Allow(Protocol):
    """A permission expression of a call."""

    def refusal(self, ask: Asking, parameters: Mapping[str, str]) -> tuple[str, str] | None:
        """Return the path and privileges that lack, or None if the call is allowed."""


@dataclass(frozen=True, slots=True)
class Login:
    """Any login is enough, or (`required` False) none is needed."""

    required: bool = True

    def refusal(self, ask: Asking, parameters: Mapping[str, str]) -> tuple[str, str] | None:
        """Refuse nobody."""
        del ask, parameters
        return None


class Need:
    """Privileges on one path: all of them, or with `any_of` one."""

    def __init__(self, path: str, *privileges: str, any_of: bool = False) -> None:
        """Keep the path's template and the privileges."""
        self.path = path
        self.privileges = privileges
        self.any_of = any_of

    def refusal(self, ask: Asking, parameters: Mapping[str, str]) -> tuple[str, str] | None:
        """Return what lacks."""
        path = self.path
        for name, value in parameters.items():
            path = path.replace("{" + name + "}", value)
        held = [ask.allowed(path, privilege) for privilege in self.privileges]
        if any(held) if self.any_of else all(held):
            return None
        return path, ("|" if self.any_of else ", ").join(self.privileges)


class AnyOf:
    """At least one of several expressions holds."""

    def __init__(self, *parts: Allow) -> None:
        """Keep the expressions."""
        self.parts = parts

    def refusal(self, ask: Asking, parameters: Mapping[str, str]) -> tuple[str, str] | None:
        """Refuse with no path when none holds, as Proxmox does."""
        return None if any(part.refusal(ask, parameters) is None for part in self.parts) else ("", "")


class AllOf:
    """Every expression holds."""

    def __init__(self, *parts: Allow) -> None:
        """Keep the expressions."""
        self.parts = parts

    def refusal(self, ask: Asking, parameters: Mapping[str, str]) -> tuple[str, str] | None:
        """Return the first refusal."""
        return next((found for part in self.parts if (found := part.refusal(ask, parameters)) is not None), None)


EVERYONE = Login()
NOBODY_ASKED = Login(required=False)


def normal_path(path: str) -> str:
    """Return an ACL path with one leading slash and no trailing one."""
    return "/" + "/".join(part for part in path.split("/") if part)


def privileges_of_role(store: Store, role: str) -> frozenset[str]:
    """Return the privileges of a built-in or stored role."""
    if role in BUILT_IN:
        return BUILT_IN[role]
    document = store.get("role", role)
    return frozenset(strings(document["privs"])) if document else frozenset()


def _parents(path: str) -> list[str]:
    parts = [part for part in path.split("/") if part]
    return ["/", *("/" + "/".join(parts[: count + 1]) for count in range(len(parts)))]


def _entries(store: Store, path: str) -> list[tuple[str, str, str, bool]]:
    """Return (type, who, role, propagate) of the entries made on exactly this path."""
    return [
        (str(entry["type"]), str(entry["ugid"]), str(entry["roleid"]), bool(entry["propagate"]))
        for _, entry in store.items("acl", f"{path}|")
    ]


def _groups(store: Store, user: str) -> frozenset[str]:
    document = store.get("user", user)
    return frozenset(strings(document.get("groups"))) if document else frozenset()


def _roles(store: Store, kind: str, who: str, groups: frozenset[str], path: str) -> frozenset[str]:
    """Return the roles on a path: a deeper entry replaces what is inherited, a user's own entry beats his groups'."""
    current: frozenset[str] = frozenset()
    parents = _parents(path)
    for level in parents:
        last = level == parents[-1]
        valid = [entry for entry in _entries(store, level) if last or entry[3]]
        own = frozenset(role for type_, ugid, role, _ in valid if type_ == kind and ugid == who)
        shared = frozenset(role for type_, ugid, role, _ in valid if type_ == "group" and ugid in groups)
        if own or shared:
            current = own or shared
            if "NoAccess" in current:
                current = frozenset({"NoAccess"})
    return current


def _pool_of(store: Store, path: str) -> str | None:
    member, _, name = path.strip("/").partition("/")
    if member not in ("vms", "storage") or not name:
        return None
    return next((key for key, pool in store.items("pool") if name in strings(pool.get(member))), None)


def _held(store: Store, kind: str, who: str, groups: frozenset[str], path: str) -> frozenset[str]:
    roles = _roles(store, kind, who, groups, path)
    if "NoAccess" not in roles and (pool := _pool_of(store, path)) is not None:
        roles |= _roles(store, kind, who, groups, f"/pool/{pool}")
    return frozenset[str]().union(*(privileges_of_role(store, role) for role in roles))


def privileges(store: Store, who: Identity, path: str) -> frozenset[str]:
    """Return every privilege that the caller has on a path."""
    path = normal_path(path)
    of_user = ALL_PRIVILEGES if who.user == ROOT else _held(store, "user", who.user, _groups(store, who.user), path)
    if who.token is None:
        return of_user
    token = store.get("token", who.full)
    if token is None:
        return frozenset()
    return of_user & _held(store, "token", who.full, frozenset(), path) if token["privsep"] else of_user
