"""`drift`: one site against its plan, over the API and inside its guests. Nothing at the site is changed.

What was seen is kept with its time, so that a fleet shows the age of what it says; a guest whose inside drifted is
marked, so that the next `up` converges it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from provisioner import places
from provisioner.centre import applied, look
from provisioner.centre.desired import plan
from provisioner.change.drift import Drift, Remedy, drifts
from provisioner.errors import OutsideError, Problem

_KEPT = "look.json"
_MARK = "drifted"


class State(StrEnum):
    """What is known of a site. A site that does not answer is unknown, not drifted."""

    IN_SYNC = "in-sync"
    DRIFTED = "drifted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One look's result. `unread` are the guests whose inside could not be read; `problems` why a site is unknown."""

    site: str
    state: State
    at: datetime  # UTC
    plan_hash: str
    observed_hash: str = ""
    drifts: tuple[Drift, ...] = ()
    to_come: bool = False  # the inventory changed since the last `up`
    unread: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def drift(site: str) -> Verdict:
    """Look at a site and compare; raise FindingError if it was never adopted."""
    wanted, now = plan(site), datetime.now(UTC)
    judge = applied.judging(wanted)
    try:
        seen = look.inside(judge, look.outside(judge))
    except OutsideError as error:
        return Verdict(site=site, state=State.UNKNOWN, at=now, plan_hash=wanted.hash, problems=error.problems)
    found = drifts(judge, seen, look.declared(judge))
    verdict = Verdict(
        site=site,
        state=State.DRIFTED if found else State.IN_SYNC,
        at=now,
        plan_hash=wanted.hash,
        observed_hash=seen.outside_hash,
        drifts=found,
        to_come=judge.hash != wanted.hash,
        unread=tuple(one.guest for one in seen.inside if one.units is None),
    )
    _mark(site, {one.subject for one in found if one.remedy is Remedy.CONVERGE})
    _keep(verdict)
    return verdict


def _mark(site: str, guests: Iterable[str]) -> None:
    """Make the next `up` converge these guests: what is remembered of their inside fits no more."""
    file = places.site(site).observed / "converged.json"
    if not file.exists():
        return
    before = dict(json.loads(file.read_text()))
    after = before | {guest: [before[guest][0], _MARK] for guest in guests if guest in before}
    if after != before:
        places.write(file, json.dumps(after, indent=1, sort_keys=True) + "\n")


def _keep(verdict: Verdict) -> None:
    text = json.dumps(
        {
            "at": verdict.at.isoformat(timespec="seconds"),
            "state": verdict.state,
            "drifts": len(verdict.drifts),
            "hash": verdict.observed_hash,
        }
    )
    places.write(places.site(verdict.site).observed / _KEPT, text + "\n")


def last(site: str) -> tuple[State, datetime] | None:
    """Return what the last look said and when it was; None if there was none."""
    file = places.site(site).observed / _KEPT
    if not file.exists():
        return None
    kept = json.loads(file.read_text())
    return State(kept["state"]), datetime.fromisoformat(kept["at"])
