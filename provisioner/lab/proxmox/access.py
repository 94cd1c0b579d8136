"""Who may do what: users, tokens, groups, roles and access control lists over paths, as Proxmox VE computes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
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


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: str  # user, group or token
    who: str
    role: str
    propagate: bool


class Rights:
    """What one caller may do, as the store is now: made for one call, it reads rights, pools and roles once."""

    def __init__(self, store: Store, who: Identity) -> None:
        """Keep store and caller; nothing is read yet."""
        self._store = store
        self._who = who
        self._held: dict[str, frozenset[str]] = {}
        self._roles: dict[str, frozenset[str]] = {}

    def held(self, path: str) -> frozenset[str]:
        """Return every privilege that the caller has on a path."""
        path = normal_path(path)
        if path not in self._held:
            self._held[path] = self._computed(path)
        return self._held[path]

    @cached_property
    def _entries(self) -> Mapping[str, tuple[_Entry, ...]]:
        found: dict[str, tuple[_Entry, ...]] = {}
        for _, entry in self._store.items("acl"):
            kept = _Entry(str(entry["type"]), str(entry["ugid"]), str(entry["roleid"]), bool(entry["propagate"]))
            found[str(entry["path"])] = (*found.get(str(entry["path"]), ()), kept)
        return found

    @cached_property
    def _pools(self) -> Mapping[str, str]:
        """Return the pool of each member, by the member's path."""
        return {
            f"/{member}/{name}": key
            for key, pool in self._store.items("pool")
            for member in ("vms", "storage")
            for name in strings(pool.get(member))
        }

    @cached_property
    def _groups(self) -> frozenset[str]:
        document = self._store.get("user", self._who.user)
        return frozenset(strings(document.get("groups"))) if document else frozenset()

    @cached_property
    def _separated(self) -> bool | None:
        """Return whether the token's privileges are separate; None if the token is gone or there is none."""
        document = self._store.get("token", self._who.full) if self._who.token else None
        return bool(document["privsep"]) if document else None

    def _computed(self, path: str) -> frozenset[str]:
        if self._who.token is not None and self._separated is None:
            return frozenset()
        of_user = ALL_PRIVILEGES if self._who.user == ROOT else self._of("user", self._who.user, self._groups, path)
        return of_user & self._of("token", self._who.full, frozenset(), path) if self._separated else of_user

    def _of(self, kind: str, who: str, groups: frozenset[str], path: str) -> frozenset[str]:
        roles = self._roles_on(kind, who, groups, path)
        if "NoAccess" not in roles and (pool := self._pools.get(path)) is not None:
            roles |= self._roles_on(kind, who, groups, f"/pool/{pool}")
        return frozenset[str]().union(*(self._of_role(role) for role in roles))

    def _of_role(self, role: str) -> frozenset[str]:
        if role not in self._roles:
            self._roles[role] = privileges_of_role(self._store, role)
        return self._roles[role]

    def _roles_on(self, kind: str, who: str, groups: frozenset[str], path: str) -> frozenset[str]:
        """Return the roles on a path: a deeper entry replaces what is inherited, a user's own entry beats his groups'."""
        current: frozenset[str] = frozenset()
        for level in _parents(path):
            valid = [entry for entry in self._entries.get(level, ()) if level == path or entry.propagate]
            own = frozenset(entry.role for entry in valid if entry.kind == kind and entry.who == who)
            shared = frozenset(entry.role for entry in valid if entry.kind == "group" and entry.who in groups)
            if own or shared:
                current = own or shared
                if "NoAccess" in current:
                    current = frozenset({"NoAccess"})
        return current


def privileges(store: Store, who: Identity, path: str) -> frozenset[str]:
    """Return every privilege that the caller has on a path."""
    return Rights(store, who).held(path)
