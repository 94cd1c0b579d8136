"""`teranga diff CENTRE|--all`: what the next `up` would change, by meaning; `--approve` binds it to what was planned and seen."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.change.fleet import Group

_SHOWN_SITES = 6
_MOST_DAYS = 30


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser("diff", help="show what up would change, by meaning: one site, or all with equal changes told once")
    parser.add_argument("site", metavar="CENTRE", nargs="?", help="centre, pole or hub")
    parser.add_argument("--all", action="store_true", help="every site of the inventory")
    parser.add_argument("--plans", action="store_true", help="compare plans only, without asking any node")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--approve", type=Path, metavar="FILE", help="approve the change of one site: write it to FILE for `up --approved`")
    parser.add_argument("--days", type=int, default=7, help="how long the approval is good (default: %(default)s)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compare; 0 nothing differs, 1 something does."""
    from provisioner import places
    from provisioner.centre.diff import differences
    from provisioner.change.fleet import groups
    from provisioner.load import load

    _refuse_wrong_use(arguments)
    inventory = load(places.inventory(), places.values())
    sites = tuple(inventory.sites) if arguments.all else (arguments.site,)
    found = groups(differences(inventory, sites, seen=not arguments.plans))
    if arguments.json:
        print(as_json(found, len(sites)))
    else:
        print("\n".join(lines(found, len(sites))))
    if arguments.approve:
        _approve(arguments)
        return 0
    return 1 if found else 0


def _refuse_wrong_use(arguments: argparse.Namespace) -> None:
    from provisioner.errors import Problem, UsageError

    where = "teranga diff"
    if bool(arguments.site) == arguments.all:
        raise UsageError(Problem(where=where, what="name one site, or --all", hint="for example: teranga diff kedougou"))
    if arguments.approve and (arguments.all or arguments.plans):
        what = "an approval is of one site, as it is seen now"
        raise UsageError(Problem(where=where, what=what, hint="name the site, without --all and --plans"))
    if not 1 <= arguments.days <= _MOST_DAYS:
        raise UsageError(Problem(where=where, what=f"--days is {arguments.days}", hint=f"1 to {_MOST_DAYS}"))


def _approve(arguments: argparse.Namespace) -> None:
    from datetime import timedelta
    from gettext import gettext as _

    from provisioner.centre.approve import approve

    made = approve(arguments.site, arguments.approve, timedelta(days=arguments.days))
    told = _("approved by {by} until {expires}: teranga up {site} --approved {file}")
    print(told.format(by=made.by, expires=made.expires, site=made.site, file=arguments.approve))


def lines(found: tuple[Group, ...], asked: int) -> list[str]:
    """Return the groups for people; the values of one site are shown where it is alone."""
    from gettext import gettext as _

    from provisioner.change.diff_words import by_hand, line, summary

    told: list[str] = []
    for group in found:
        alone = len(group.sites) == 1
        who = group.sites[0] if alone else _("{count} sites").format(count=len(group.sites))
        told.append(f"{who}: {summary(group.like, _)}")
        if not alone:
            told.append("  " + ", ".join(group.sites[:_SHOWN_SITES]) + (", ..." if len(group.sites) > _SHOWN_SITES else ""))
        told += [f"  {line(change, own=alone, translate=_)}" for change in group.like.changes]
        told += [f"  {by_hand(drift, _)}" for drift in group.like.drifts]
    same = asked - sum(len(group.sites) for group in found)
    if same:
        told.append(_("{count} sites: nothing to do").format(count=same) if asked > 1 else _("nothing to do"))
    return told


def as_json(found: tuple[Group, ...], asked: int) -> str:
    """Return the groups as data, in English whatever the language."""
    from dataclasses import asdict

    from provisioner.change.diff_words import by_hand, summary

    shown = [
        {
            "sites": group.sites,
            "summary": summary(group.like),
            "note": group.like.note,
            "changes": [asdict(change) | {"effect": change.effect} for change in group.like.changes],
            "by_hand": [asdict(drift) | {"what": by_hand(drift)} for drift in group.like.drifts],
        }
        for group in found
    ]
    return json.dumps({"asked": asked, "groups": shown}, ensure_ascii=False, indent=2)
