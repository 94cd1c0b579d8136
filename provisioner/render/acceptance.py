"""The acceptance report: JSON (what is hashed), HTML in French (what is signed), JUnit (what CI reads). Pure text."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from provisioner.observed.acceptance import Acceptance, Outcome, Result
from provisioner.plan.plan import Check, CheckKind, Plan, SiteKind
from provisioner.render.acceptance_words import Language, kind, limit, outcome, sentence

FORMAT = 1
_TEMPLATES = Path(__file__).with_name("templates")
_SITES: Mapping[SiteKind, str] = {SiteKind.CENTRE: "Centre", SiteKind.POLE: "Pôle", SiteKind.HUB: "Pôle national"}


def _check(check: Check, result: Result) -> Mapping[str, object]:
    return {
        "id": check.id,
        "kind": check.kind.value,
        "vantage": check.vantage,
        "target": f"{check.target.zone}/{check.target.guest}" if check.target.guest else check.target.zone,
        "subject": check.subject,
        "expected": check.expected,
        "outcome": result.outcome.value,
        "reason": result.reason.value,
        "seen": result.seen,
        "milliseconds": result.milliseconds,
    }


def canonical(plan: Plan, seen: Acceptance) -> str:
    """Return the report's data as canonical JSON: sorted keys, ASCII, no spaces, safe inside HTML. The hash is made of it."""
    results = {result.check: result for result in seen.results}
    tree = {
        "format": FORMAT,
        "site": seen.site,
        "title": plan.title,
        "plan_hash": seen.plan_hash,
        "node": seen.node,
        "image_sha256": seen.image_sha256,
        "started": seen.started.isoformat(timespec="seconds"),
        "seconds": round(seen.seconds, 1),
        "guests": [{"name": one.name, "vmid": one.vmid, "uuid": str(one.uuid or ""), "running": one.running} for one in seen.guests],
        "versions": dict(seen.versions),
        "limits": [one.value for one in seen.limits],
        "summary": {one.value: seen.count(one) for one in Outcome},
        "checks": [_check(check, results[check.id]) for check in plan.checks if check.id in results],
    }
    return json.dumps(tree, sort_keys=True, separators=(",", ":")).replace("<", "\\u003c")


def digest(data: str) -> str:
    """Return the SHA-256 of a report's data, in hexadecimal."""
    return sha256(data.encode()).hexdigest()


def to_json(plan: Plan, seen: Acceptance) -> str:
    """Return the report as readable JSON: `report` is the data, `sha256` that of its canonical form."""
    data = canonical(plan, seen)
    return json.dumps({"report": json.loads(data), "sha256": digest(data)}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the report."""

    check: Check
    result: Result
    outcome: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The checks of one kind."""

    heading: str
    rows: tuple[Row, ...]
    passed: int


def _groups(plan: Plan, seen: Acceptance, to: Language) -> tuple[Group, ...]:
    results = {result.check: result for result in seen.results}
    groups = []
    for each in CheckKind:
        rows = tuple(
            Row(
                check=check, result=results[check.id], outcome=outcome(results[check.id].outcome, to), words=sentence(results[check.id], to)
            )
            for check in plan.checks
            if check.kind is each and check.id in results
        )
        if rows:
            passed = sum(row.result.outcome is Outcome.PASSED for row in rows)
            groups.append(Group(heading=kind(each, to), rows=rows, passed=passed))
    return tuple(groups)


def to_html(plan: Plan, seen: Acceptance) -> str:
    """Return the acceptance report in French: one file that needs no other, its data inside it."""
    groups = _groups(plan, seen, Language.FRENCH)
    data = canonical(plan, seen)
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.get_template("acceptance.html.j2")
    return template.render(
        plan=plan,
        seen=seen,
        site_kind=_SITES[plan.kind],
        started=f"{seen.started:%d/%m/%Y à %H:%M:%S} UTC",
        counts={one.value: seen.count(one) for one in Outcome},
        groups=groups,
        findings=_with(groups, Outcome.FAILED),
        untested=_with(groups, Outcome.NOT_TESTED),
        limits=[limit(one, Language.FRENCH) for one in seen.limits],
        data=data,
        digest=digest(data),
    )


def _with(groups: Sequence[Group], wanted: Outcome) -> tuple[Row, ...]:
    return tuple(row for group in groups for row in group.rows if row.result.outcome is wanted)


def to_junit(plan: Plan, seen: Acceptance) -> str:
    """Return the results as JUnit XML: a suite per kind of check, findings as failures, the untested as skipped."""
    groups = _groups(plan, seen, Language.ENGLISH)
    root = ET.Element("testsuites", _totals(f"teranga verify {seen.site}", _rows(groups)), time=f"{seen.seconds:.3f}")
    for group in groups:
        time = sum(row.result.milliseconds for row in group.rows) / 1000
        suite = ET.SubElement(root, "testsuite", _totals(group.heading, group.rows), time=f"{time:.3f}")
        suite.set("timestamp", seen.started.strftime("%Y-%m-%dT%H:%M:%S"))
        properties = ET.SubElement(suite, "properties")
        for name, value in (("site", seen.site), ("plan", seen.plan_hash), ("image", seen.image_sha256)):
            ET.SubElement(properties, "property", name=name, value=value)
        for row in group.rows:
            _case(suite, seen.site, row)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _rows(groups: Sequence[Group]) -> tuple[Row, ...]:
    return tuple(row for group in groups for row in group.rows)


def _totals(name: str, rows: Sequence[Row]) -> dict[str, str]:
    failures = sum(row.result.outcome is Outcome.FAILED for row in rows)
    skipped = sum(row.result.outcome is Outcome.NOT_TESTED for row in rows)
    return {"name": name, "tests": str(len(rows)), "failures": str(failures), "errors": "0", "skipped": str(skipped)}


def _case(suite: ET.Element, site: str, row: Row) -> None:
    name = f"teranga.{site}.{row.check.kind}"
    case = ET.SubElement(suite, "testcase", name=row.check.id, classname=name, time=f"{row.result.milliseconds / 1000:.3f}")
    match row.result.outcome:
        case Outcome.FAILED:
            failure = ET.SubElement(case, "failure", message=row.words, type=row.result.reason.value)
            failure.text = f"expected: {row.check.expected}"
        case Outcome.NOT_TESTED:
            ET.SubElement(case, "skipped", message=row.words)
        case Outcome.PASSED:
            return
