"""`teranga drift CENTRE`: where a site is not what its plan says, and what `up` will do about it."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.centre.drift import Verdict

_UNKNOWN = 3


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser("drift", help="compare a site with its plan and say what was changed by hand")
    parser.add_argument("site", metavar="CENTRE", help="centre, pole or hub")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Look and compare; 0 in sync, 1 drifted, 3 where the site does not answer."""
    from provisioner.centre.drift import State, drift

    verdict = drift(arguments.site)
    print(as_json(verdict) if arguments.json else "\n".join(lines(verdict)))
    match verdict.state:
        case State.IN_SYNC:
            return 0
        case State.DRIFTED:
            return 1
        case State.UNKNOWN:
            return _UNKNOWN


def lines(verdict: Verdict) -> list[str]:
    """Return the verdict for people, one difference a line."""
    from gettext import gettext as _

    from provisioner.centre.drift import State
    from provisioner.change.words import problem

    told = [str(problem(verdict.site, one, _)) for one in verdict.drifts]
    told += [f"{verdict.site}/{guest}: " + _("not read inside: it does not answer on SSH") for guest in verdict.unread]
    told += [str(one) for one in verdict.problems]
    if verdict.to_come:
        told.append(f"{verdict.site}: " + _("its plan changed since the last `up`: see `teranga diff`"))
    match verdict.state:
        case State.IN_SYNC:
            end = _("in sync with its plan")
        case State.DRIFTED:
            end = _("drifted, {count} differences").format(count=len(verdict.drifts))
        case State.UNKNOWN:
            end = _("unknown: it does not answer")
    return [*told, f"{verdict.site}: {end}"]


def as_json(verdict: Verdict) -> str:
    """Return the verdict as data: the same words in English, whatever the language."""
    from provisioner.change.words import remedy, what

    found = [
        {
            "place": f"{verdict.site}/{one.subject}",
            "kind": one.kind,
            "part": one.part,
            "declared": one.declared,
            "observed": one.observed,
            "what": what(one),
            "up": one.remedy,
            "remedy": remedy(one),
        }
        for one in verdict.drifts
    ]
    fields = {
        "site": verdict.site,
        "state": verdict.state,
        "at": verdict.at.isoformat(timespec="seconds"),
        "plan": verdict.plan_hash,
        "plan_changed": verdict.to_come,
        "observed": verdict.observed_hash,
        "drifts": found,
        "not_read": list(verdict.unread),
        "problems": [str(one) for one in verdict.problems],
    }
    return json.dumps(fields, ensure_ascii=False, indent=2)
