"""The plan that was applied last, kept when an `up` ends well: what `diff` compares with, and what was changed by hand is judged by."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from provisioner import places
from provisioner.change.plans import Json
from provisioner.errors import FindingError
from provisioner.plan import to_json
from provisioner.plan.encode import from_json
from provisioner.plan.plan import Plan

_FILE = "applied.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What was applied, and when. The plan itself is the second line of the file and read only if it is asked for."""

    site: str
    hash: str
    at: datetime

    def tree(self) -> dict[str, Json]:
        """Return the plan as a JSON tree."""
        tree: dict[str, Json] = json.loads(_read(self.site)[1])
        return tree


def keep(plan: Plan) -> None:
    """Keep a plan that was applied whole."""
    head = json.dumps({"hash": plan.hash, "at": datetime.now(UTC).isoformat(timespec="seconds")})
    places.write(places.site(plan.site).root / _FILE, f"{head}\n{to_json(plan)}\n")


def forget(site: str) -> None:
    """Forget it: the site was destroyed."""
    (places.site(site).root / _FILE).unlink(missing_ok=True)


def last(site: str) -> Applied | None:
    """Return what was applied last; None before the first `up` that ended well."""
    try:
        head = json.loads(_read(site)[0])
    except FileNotFoundError:
        return None
    return Applied(site=site, hash=head["hash"], at=datetime.fromisoformat(head["at"]))


def judging(wanted: Plan) -> Plan:
    """Return the plan by which a site is judged: the one applied last, else the wanted one.

    What the inventory says since then is a change to come, not one made by hand.
    """
    before = last(wanted.site)
    if before is None or before.hash == wanted.hash:
        return wanted
    try:
        return from_json(_read(wanted.site)[1].strip())
    except FindingError:  # of an older format
        return wanted


def _read(site: str) -> tuple[str, str]:
    head, _, rest = (places.site(site).root / _FILE).read_text().partition("\n")
    return head, rest
