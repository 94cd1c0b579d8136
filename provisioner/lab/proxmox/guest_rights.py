"""What a caller may do to a guest: privileges on the guest, or on the pool it is made in, on storages and on bridges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from provisioner.lab.proxmox import drives
from provisioner.lab.proxmox.access import ROOT
from provisioner.lab.proxmox.calls import Call
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.guest_parameters import NIC, privilege
from provisioner.lab.proxmox.properties import pairs
from provisioner.lab.proxmox.values import Value

_ROOT_ONLY = frozenset({"affinity", "args", "arch", "hookscript", "hugepages"})


def require_root_options(call: Call, keys: Iterable[str]) -> None:
    """Refuse what only root@pam itself, without a token, may set."""
    if call.who.user == ROOT and call.who.token is None:
        return
    if call.has("skiplock"):
        raise Failure.parameter("skiplock", "Only root may use this option.")
    for key in keys:
        if key in _ROOT_ONLY:
            raise Failure.of(f"only root can set '{key}' config")


def require_changes(call: Call, vmid: int, values: Mapping[str, Value], pool: str = "") -> None:
    """Raise the 403 of the first privilege that lacks for these keys; a pool's privileges count for a guest that is being made in it."""
    for key, value in values.items():
        needed = privilege(key, str(value))
        if not call.allowed(f"/vms/{vmid}", needed) and not (pool and call.allowed(f"/pool/{pool}", needed)):
            raise Failure.denied(f"/vms/{vmid}", needed)
        if drives.is_drive(key):
            _require_storages(call, str(value))
        elif key.startswith("net") and key[3:].isdigit():
            _require_bridge(call, str(value))


def _require_storages(call: Call, value: str) -> None:
    for storage in drives.storages_of(value):
        call.require(f"/storage/{storage}", "Datastore.AllocateSpace")
    source = drives.import_source(value)
    if source is not None:
        call.require_any(f"/storage/{source.partition(':')[0]}", "Datastore.Audit", "Datastore.AllocateSpace")


def _require_bridge(call: Call, value: str) -> None:
    given = pairs(value, NIC)
    bridge = given.get("bridge")
    if bridge is None:
        return
    path = f"/sdn/zones/localnetwork/{bridge}"
    call.require(f"{path}/{given['tag']}" if "tag" in given else path, "SDN.Use")
