"""What a run would lose: guests that the engine would delete or replace, or make anew empty, with the disks they have.

An edit of the inventory may mean that (a service taken out, another slot). Nobody loses a guest without naming it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from provisioner.errors import FindingError, Problem, raise_all
from provisioner.plan.plan import GuestRole, Plan

KEEPERS = frozenset({GuestRole.DATABASE, GuestRole.STORE})  # what they hold is nowhere else


def refuse_unnamed(wanted: Plan, checkpoint: Mapping[str, object], named: Iterable[str]) -> None:
    """Raise FindingError with each guest of the stack that the plan has no more, or has elsewhere, unless it was named."""
    agreed = frozenset(named)
    raise_all(FindingError, (problem(wanted.site, name, what) for name, what in losses(wanted, checkpoint) if name not in agreed))


def problem(site: str, guest: str, what: str) -> Problem:
    """Return the problem of a guest that would be lost."""
    hint = f"take a backup first (`teranga backup {site}`); to agree: `teranga up {site} --lose {guest}`"
    return Problem(where=f"{site}/{guest}", what=what, hint=hint)


def losses(wanted: Plan, checkpoint: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield name and reason of each guest that the engine would delete: gone from the plan, another VMID, another node.

    Of all that the stack sets on a guest, VMID and node alone replace it (provider bpg/proxmox 0.112, resource vm).
    """
    ours = {guest.name: guest for guest in wanted.guests}
    for name, outputs in _guests(checkpoint):
        vmid, node = int(float(str(outputs.get("vmId", 0)))), str(outputs.get("nodeName", ""))
        if name not in ours:
            yield name, f"the plan has no such guest any more: it (VMID {vmid}) would be deleted with its disks"
        elif vmid != ours[name].vmid:
            yield name, f"its VMID would become {ours[name].vmid}: the guest with VMID {vmid} would be deleted with its disks"
        elif node != wanted.node:
            yield name, f"its node would become {wanted.node}: the guest on {node} would be deleted with its disks"


def _guests(checkpoint: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield name and outputs of each guest in a stack's state."""
    resources = checkpoint.get("resources")
    for one in resources if isinstance(resources, list) else []:
        outputs = one.get("outputs")
        if str(one.get("type", "")).endswith(":VmLegacy") and not one.get("delete") and isinstance(outputs, dict):
            yield str(one["urn"]).rsplit("::", 1)[-1], outputs
