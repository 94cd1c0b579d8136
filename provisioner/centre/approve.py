"""Approval of one change: bound to the plan's hash and to the hash of what was seen. It goes stale with either, and with time."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from provisioner import places
from provisioner.centre import look
from provisioner.centre.desired import plan
from provisioner.centre.diff import to_come
from provisioner.change.drift import drifts
from provisioner.change.fleet import Difference
from provisioner.change.words import what
from provisioner.errors import FindingError, Problem, raise_all

_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who approved what, until when. `changes` are for its reader; the two hashes are what counts."""

    format: int
    site: str
    plan: str
    observed: str
    by: str
    at: str  # ISO 8601, UTC
    expires: str
    changes: tuple[str, ...]


def approve(site: str, file: Path, lasting: timedelta, by: str = "") -> Approval:
    """Write the approval of what `up` would do now; raise OutsideError if the site cannot be looked at."""
    wanted, now = plan(site), datetime.now(UTC)
    seen = look.outside(wanted)
    difference = Difference(site=site, changes=to_come(wanted) or (), drifts=drifts(wanted, seen, look.declared(wanted)))
    told = [" ".join(filter(None, change.key)) for change in difference.changes]
    told += [f"{drift.subject}: {what(drift)}" for drift in difference.drifts]
    made = Approval(
        format=_FORMAT,
        site=site,
        plan=wanted.hash,
        observed=seen.outside_hash,
        by=by or getpass.getuser(),
        at=now.isoformat(timespec="seconds"),
        expires=(now + lasting).isoformat(timespec="seconds"),
        changes=tuple(told),
    )
    places.write(file, json.dumps(asdict(made), ensure_ascii=False, indent=2) + "\n", 0o644)
    return made


def check(site: str, file: Path) -> Approval:
    """Return the approval in a file; raise FindingError if it is none, of another site, or stale in any way."""
    made = _read(file)
    wanted = plan(site)
    stale = f"look again and approve anew: teranga diff {site} --approve {file}"
    if made.site != site:
        raise FindingError(Problem(where=str(file), what=f"it approves a change of {made.site}, not of {site}", hint=stale))
    problems = []
    if made.plan != wanted.hash:
        problems.append(f"the approval is stale: the plan is now {wanted.hash[:12]}, it was {made.plan[:12]} when {made.by} approved it")
    if datetime.now(UTC) > datetime.fromisoformat(made.expires):
        problems.append(f"the approval is stale: it was good until {made.expires}")
    seen = look.outside(wanted).outside_hash
    if made.observed != seen:
        problems.append(f"the approval is stale: what is seen at {site} is not what {made.by} saw on {made.at}")
    raise_all(FindingError, (Problem(where=str(file), what=one, hint=stale) for one in problems))
    return made


def _read(file: Path) -> Approval:
    hint = "make one: teranga diff SITE --approve FILE"
    try:
        fields = json.loads(file.read_text())
        made = Approval(**(fields | {"changes": tuple(fields["changes"])}))
    except OSError as error:
        raise FindingError(Problem(where=str(file), what=f"cannot be read: {error.strerror}", hint=hint)) from error
    except (ValueError, TypeError, KeyError) as error:
        raise FindingError(Problem(where=str(file), what=f"is no approval: {error}", hint=hint)) from error
    if made.format != _FORMAT:
        raise FindingError(Problem(where=str(file), what=f"has format {made.format}, this version reads {_FORMAT}", hint=hint))
    return made
