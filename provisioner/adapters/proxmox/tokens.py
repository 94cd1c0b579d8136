"""A site's token, replaced: the new one works before the old one is revoked. With the node's own credential, as `adopt`."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.adapters.proxmox.adopt import ROLE, TOKEN_NAME, Adoption, Token, paths, user_id
from provisioner.adapters.proxmox.session import Session
from provisioner.errors import ApiError, Problem

_OTHER = f"{TOKEN_NAME}-2"  # the two names take turns


def make_other(session: Session, of: Adoption, current: str) -> Token:
    """Make the token whose turn it is, with the rights of `current` (user@realm!name); one that a cut run left goes first."""
    user = user_id(of)
    name = TOKEN_NAME if current == f"{user}!{_OTHER}" else _OTHER
    path = f"/access/users/{user}/token"
    if any(row.get("tokenid") == name for row in session.rows(path)):
        session.delete(f"{path}/{name}")
    made = session.post(f"{path}/{name}", privsep=1, comment="Teranga: the site's stack")
    if not isinstance(made, Mapping):
        raise ApiError(Problem(where=path, what="the answer holds no token"))
    token = Token(id=str(made["full-tokenid"]), secret=str(made["value"]))
    for right in paths(of):
        session.put("/access/acl", path=right, roles=ROLE, tokens=token.id, propagate=1)
    return token


def revoke_others(session: Session, of: Adoption, current: str) -> tuple[str, ...]:
    """Revoke every token of the site's user but `current`; an empty one revokes all. Return their ids."""
    user = user_id(of)
    if not any(row.get("userid") == user for row in session.rows("/access/users")):
        return ()
    path = f"/access/users/{user}/token"
    gone = sorted(f"{user}!{row['tokenid']}" for row in session.rows(path) if f"{user}!{row['tokenid']}" != current)
    for one in gone:
        session.delete(f"{path}/{one.rpartition('!')[2]}")
    return tuple(gone)
