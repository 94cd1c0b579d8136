"""Guests as the Proxmox API shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from provisioner.errors import Problem
from provisioner.plan.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedGuest:
    """One guest of the API: `uuid` is its SMBIOS UUID, None where it has none."""

    vmid: int
    node: str
    name: str
    uuid: UUID | None
    tags: tuple[str, ...]
    running: bool


_HINT = "move or remove that guest, or give the site another slot; nothing was changed"


def strangers(plan: Plan, guests: Iterable[ObservedGuest], hidden: Iterable[int] = ()) -> tuple[Problem, ...]:
    """Return a problem for each guest that sits on a VMID of the plan without being the plan's guest.

    `hidden`: VMIDs of the plan that are taken by guests which the site's token may not even see.
    """
    ours = {guest.vmid: guest for guest in plan.guests}
    unseen = tuple(
        Problem(
            where=f"{plan.node}/{vmid}",
            what=f"a guest that the site's token may not see holds the VMID of {ours[vmid].name!r} of {plan.site}",
            hint=_HINT,
        )
        for vmid in sorted(hidden)
    )
    return unseen + tuple(
        Problem(
            where=f"{seen.node}/{seen.vmid}",
            what=f"the guest {seen.name!r} (UUID {seen.uuid}) is not {ours[seen.vmid].name!r} of {plan.site} (UUID {ours[seen.vmid].uuid})",
            hint=_HINT,
        )
        for seen in sorted(guests, key=lambda seen: seen.vmid)
        if seen.vmid in ours and seen.uuid != ours[seen.vmid].uuid
    )
