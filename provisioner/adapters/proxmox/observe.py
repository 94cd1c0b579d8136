"""What a node shows of its guests, and what their agents answer."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Interface
from uuid import UUID

from provisioner.adapters.proxmox.session import Session
from provisioner.errors import ApiError
from provisioner.observed.guests import ObservedGuest


def identity(smbios: str) -> UUID | None:
    """Return the UUID of a guest's `smbios1` setting, None where there is none."""
    for part in smbios.split(","):
        key, _, value = part.partition("=")
        if key == "uuid":
            return UUID(value)
    return None


def guests(session: Session, vmids: Iterable[int]) -> tuple[ObservedGuest, ...]:
    """Return the guests that hold one of these VMIDs, on whichever node of the cluster, sorted by VMID."""
    wanted = frozenset(vmids)
    rows = sorted((row for row in session.rows("/cluster/resources", type="vm") if row["vmid"] in wanted), key=lambda row: str(row["vmid"]))
    return tuple(_guest(session, row) for row in rows)


def hidden(session: Session, vmids: Iterable[int]) -> tuple[int, ...]:
    """Return those of these VMIDs that are taken by guests which this session may not see.

    A token sees the guests of its own pool only; `/cluster/nextid` tells every user whether a VMID is taken.
    """
    seen = {row["vmid"] for row in session.rows("/cluster/resources", type="vm")}
    return tuple(vmid for vmid in sorted(frozenset(vmids)) if vmid not in seen and _taken(session, vmid))


def _taken(session: Session, vmid: int) -> bool:
    try:
        session.get("/cluster/nextid", vmid=vmid)
    except ApiError as error:
        if "already exists" in str(error):
            return True
        raise
    return False


def _guest(session: Session, row: Mapping[str, object]) -> ObservedGuest:
    vmid, node = int(str(row["vmid"])), str(row["node"])
    config = session.record(f"/nodes/{node}/qemu/{vmid}/config")
    status = session.record(f"/nodes/{node}/qemu/{vmid}/status/current")
    return ObservedGuest(
        vmid=vmid,
        node=node,
        name=str(config.get("name", "")),
        uuid=identity(str(config.get("smbios1", ""))),
        tags=tuple(filter(None, str(config.get("tags", "")).split(";"))),
        running=status.get("status") == "running",
    )


def agent_answers(session: Session, node: str, vmid: int) -> bool:
    """Return whether the guest's agent answers a ping now."""
    try:
        session.post(f"/nodes/{node}/qemu/{vmid}/agent/ping")
    except ApiError:
        return False
    return True


def addresses(session: Session, node: str, vmid: int) -> Mapping[str, tuple[IPv4Interface, ...]]:
    """Return the IPv4 addresses of each interface, by MAC in lower case, as the agent reports them."""
    answer = session.record(f"/nodes/{node}/qemu/{vmid}/agent/network-get-interfaces")
    result = answer.get("result")
    found: dict[str, tuple[IPv4Interface, ...]] = {}
    for item in result if isinstance(result, list) else []:
        ipv4 = [one for one in item.get("ip-addresses", []) if one.get("ip-address-type") == "ipv4"]
        found[str(item.get("hardware-address", "")).lower()] = tuple(IPv4Interface(f"{one['ip-address']}/{one['prefix']}") for one in ipv4)
    return found


def read_file(session: Session, node: str, vmid: int, path: str) -> str:
    """Return a file inside the guest, read by its agent (at most 16 MiB, Proxmox's own limit)."""
    answer = session.record(f"/nodes/{node}/qemu/{vmid}/agent/file-read", file=path)
    content = str(answer.get("content", ""))
    if answer.get("encoding") == "base64":
        return base64.b64decode(content).decode(errors="replace")
    return content
