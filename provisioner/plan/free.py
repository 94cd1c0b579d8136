"""The numbers that a new site may take. A number that was given is never given again."""

from __future__ import annotations

from provisioner.model import Inventory

FIRST_CENTRE = 16  # hubs have 1 and 2, poles 3 to 10; the rest below is kept for more of them


def free_slot(inventory: Inventory) -> int | None:
    """Return the slot after the highest one in use or retired; where that lies outside the plan, the lowest free one; else None."""
    numbering = inventory.national.numbering
    slots = 2 ** max(0, numbering.site_length - numbering.sites.prefixlen)
    taken = {site.slot for site in inventory.sites.values()} | set(numbering.retired)
    after = max((*taken, FIRST_CENTRE - 1)) + 1
    if after < slots:
        return after
    return next((slot for slot in range(FIRST_CENTRE, slots) if slot not in taken), None)
