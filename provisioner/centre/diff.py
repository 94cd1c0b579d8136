"""`diff`: what the next `up` of one site or of all would change, from the plan applied last and from what is seen now."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from provisioner import places
from provisioner.centre import applied, look
from provisioner.change.drift import Drift, drifts
from provisioner.change.fleet import Difference
from provisioner.change.plans import Change, changes
from provisioner.errors import OutsideError
from provisioner.model import Inventory
from provisioner.plan import build, to_json
from provisioner.plan.plan import Plan

NEVER_APPLIED = "never-applied"
NOT_ADOPTED = "not-adopted"
UNKNOWN = "unknown"
_LOOKERS = 16


def differences(inventory: Inventory, sites: Sequence[str], *, seen: bool) -> tuple[Difference, ...]:
    """Return what differs at each site; with `seen` the adopted ones are looked at, side by side."""
    plans = [build(inventory, site) for site in sites]
    if not seen:
        return tuple(_difference(plan, look_at=_nothing) for plan in plans)
    with ThreadPoolExecutor(max_workers=_LOOKERS) as lookers:
        return tuple(lookers.map(lambda plan: _difference(plan, look_at=_by_hand), plans))


def _nothing(_plan: Plan) -> tuple[tuple[Drift, ...], str]:
    return (), ""


def _by_hand(wanted: Plan) -> tuple[tuple[Drift, ...], str]:
    """Return what was changed by hand since the last `up`, or why that is not known."""
    if not places.site(wanted.site).endpoint.exists():
        return (), NOT_ADOPTED
    judge = applied.judging(wanted)
    try:
        return drifts(judge, look.outside(judge), look.declared(judge)), ""
    except OutsideError:
        return (), UNKNOWN


def _difference(wanted: Plan, look_at: Callable[[Plan], tuple[tuple[Drift, ...], str]]) -> Difference:
    planned = to_come(wanted)
    if planned is None:
        return Difference(site=wanted.site, note=NEVER_APPLIED)
    by_hand, note = look_at(wanted)
    return Difference(site=wanted.site, changes=planned, drifts=by_hand, note=note)


def to_come(wanted: Plan) -> tuple[Change, ...] | None:
    """Return what changes from the plan that was applied last; None if there was none."""
    before = applied.last(wanted.site)
    if before is None:
        return None
    return () if before.hash == wanted.hash else changes(before.tree(), json.loads(to_json(wanted)))
