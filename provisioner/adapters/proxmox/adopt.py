"""Adopt a fresh node: make the role, the least-privilege user and token, the pool's rights and the VLAN-aware bridge.

Runs with the node's own credential, once per node and again whenever wanted: what is there already is left or corrected.
The centre's stack then runs with the token alone, which cannot touch the node, another site's pool, or any right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.adapters.proxmox.session import Session
from provisioner.errors import ApiError, Problem

ROLE = "TerangaSite"
TOKEN_NAME = "stack"  # noqa: S105  the token's name, not its secret
# Privileges that creating, changing, watching and deleting a site's own guests needs (Proxmox VE 9 API: `check` of each call).
PRIVILEGES = (
    "Datastore.Allocate",
    "Datastore.AllocateSpace",
    "Datastore.AllocateTemplate",
    "Pool.Allocate",
    "Pool.Audit",
    "SDN.Use",
    "Sys.Audit",
    "VM.Allocate",
    "VM.Audit",
    "VM.Config.CDROM",
    "VM.Config.CPU",
    "VM.Config.Cloudinit",
    "VM.Config.Disk",
    "VM.Config.HWType",
    "VM.Config.Memory",
    "VM.Config.Network",
    "VM.Config.Options",
    "VM.GuestAgent.Audit",
    "VM.GuestAgent.FileRead",
    "VM.PowerMgmt",
)
_CONTENT = ("backup", "images", "import", "iso", "vztmpl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What a site needs of its node."""

    site: str
    node: str
    datastore: str
    bridge: str
    pool: str
    bridge_ports: str = ""  # the card that leads to the site's switch; empty in the lab


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token that was just made: Proxmox shows its secret once."""

    id: str
    secret: str


def adopt(session: Session, wanted: Adoption) -> tuple[Token, tuple[str, ...]]:
    """Make the node ready for its site; return a new token and what was done, in words."""
    done = [*_storage(session, wanted), *_bridge(session, wanted), *_firewall(session), *_role(session), *_user(session, wanted)]
    token = _token(session, wanted)
    done += _rights(session, wanted, token.id)
    return token, tuple(done)


def _storage(session: Session, wanted: Adoption) -> list[str]:
    kept = frozenset(str(session.record(f"/storage/{wanted.datastore}").get("content", "")).split(","))
    missing = [content for content in _CONTENT if content not in kept]
    if not missing:
        return []
    session.put(f"/storage/{wanted.datastore}", content=",".join(sorted(kept.union(_CONTENT) - {""})))
    return [f"storage {wanted.datastore}: also holds {', '.join(missing)}"]


def _bridge(session: Session, wanted: Adoption) -> list[str]:
    path = f"/nodes/{wanted.node}/network"
    found = next((row for row in session.rows(path) if row.get("iface") == wanted.bridge), None)
    if found is not None and int(str(found.get("bridge_vlan_aware", 0))) == 1:
        return []
    if found is not None:
        raise ApiError(
            Problem(
                where=f"{wanted.node} {wanted.bridge}",
                what="the bridge exists and is not VLAN-aware",
                hint="make it VLAN-aware by hand, or name another bridge in inventory/national.yml",
            )
        )
    ports = {"bridge_ports": wanted.bridge_ports} if wanted.bridge_ports else {}
    session.post(
        path, iface=wanted.bridge, type="bridge", autostart=1, bridge_vlan_aware=1, comments="Teranga: the site's zones by VLAN", **ports
    )
    session.wait(wanted.node, session.put(path))
    return [f"bridge {wanted.bridge}: made, VLAN-aware"]


def _firewall(session: Session) -> list[str]:
    """Switch the cluster's firewall on, without which no guest's is in force.

    A node that says nothing of its own would be filtered with it, and control could be cut off: such a node's stays off.
    """
    path = "/cluster/firewall/options"
    if int(str(session.record(path).get("enable", 0))):
        return []
    open_ones = []
    for node in sorted(str(row["node"]) for row in session.rows("/nodes")):
        if "enable" not in session.record(f"/nodes/{node}/firewall/options"):
            session.put(f"/nodes/{node}/firewall/options", enable=0)
            open_ones.append(node)
    session.put(path, enable=1)
    kept = f"; that of {', '.join(open_ones)} itself stays off" if open_ones else ""
    return [f"firewall of the guests: switched on{kept}"]


def _role(session: Session) -> list[str]:
    wanted = ",".join(PRIVILEGES)
    roles = {str(row["roleid"]): str(row.get("privs", "")) for row in session.rows("/access/roles")}
    if ROLE not in roles:
        session.post("/access/roles", roleid=ROLE, privs=wanted)
        return [f"role {ROLE}: made"]
    if frozenset(roles[ROLE].split(",")) != frozenset(PRIVILEGES):
        session.put(f"/access/roles/{ROLE}", privs=wanted)
        return [f"role {ROLE}: corrected"]
    return []


def user_id(wanted: Adoption) -> str:
    """Return the user of a site's stack."""
    return f"teranga-{wanted.site}@pve"


def _user(session: Session, wanted: Adoption) -> list[str]:
    user = user_id(wanted)
    if any(row.get("userid") == user for row in session.rows("/access/users")):
        return []
    session.post("/access/users", userid=user, comment=f"Teranga: {wanted.site}", enable=1)
    return [f"user {user}: made, without a password"]


def _token(session: Session, wanted: Adoption) -> Token:
    """Make a new token; an older one of the same name is revoked first, since its secret cannot be read again."""
    user = user_id(wanted)
    path = f"/access/users/{user}/token"
    if any(row.get("tokenid") == TOKEN_NAME for row in session.rows(path)):
        session.delete(f"{path}/{TOKEN_NAME}")
    made = session.post(f"{path}/{TOKEN_NAME}", privsep=1, comment="Teranga: the site's stack")
    if not isinstance(made, Mapping):
        raise ApiError(Problem(where=path, what="the answer holds no token"))
    return Token(id=str(made["full-tokenid"]), secret=str(made["value"]))


def paths(wanted: Adoption) -> tuple[str, ...]:
    """Return the paths on which the role is given, and nowhere else."""
    return (
        f"/nodes/{wanted.node}",
        f"/pool/{wanted.pool}",
        f"/sdn/zones/localnetwork/{wanted.bridge}",
        f"/storage/{wanted.datastore}",
    )


def _rights(session: Session, wanted: Adoption, token: str) -> list[str]:
    for path in paths(wanted):
        session.put("/access/acl", path=path, roles=ROLE, users=user_id(wanted), propagate=1)
        session.put("/access/acl", path=path, roles=ROLE, tokens=token, propagate=1)
    return [f"rights: {ROLE} on {', '.join(paths(wanted))}"]
