"""The acceptance report of a small site with one finding and one untested zone, in its three forms."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from uuid import UUID

import pytest

from provisioner.observed.acceptance import Acceptance, Limit, Outcome, Reason, Result, SeenGuest
from provisioner.plan.plan import Plan
from provisioner.render import acceptance, acceptance_words
from tests.lab.packets import plan as small_plan

HERE = Path(__file__).parent / "acceptance"


def _result(check: str) -> Result:
    if check == "flow/use":
        return Result(check=check, outcome=Outcome.FAILED, reason=Reason.SILENT, seen="10.79.1.250:443 <&>", milliseconds=3001.5)
    if check.startswith("blocked/servers/"):
        return Result(check=check, outcome=Outcome.NOT_TESTED, reason=Reason.NO_VANTAGE, seen="servers")
    reason = Reason.ANSWERED if check.startswith("flow/") else Reason.DROPPED
    return Result(check=check, outcome=Outcome.PASSED, reason=reason, seen="10.79.2.250", milliseconds=901.2)


@pytest.fixture
def plan() -> Plan:
    return small_plan()


@pytest.fixture
def seen(plan: Plan) -> Acceptance:
    return Acceptance(
        site=plan.site,
        plan_hash="0" * 64,
        node=plan.node,
        image_sha256="1" * 64,
        started=datetime(2026, 11, 25, 9, 30, tzinfo=UTC),
        seconds=12.34,
        guests=(
            SeenGuest(name="gateway", vmid=190001, uuid=UUID(int=7), running=True),
            SeenGuest(name="base", vmid=190002, uuid=None, running=False),
        ),
        versions={"nftables": "v1.1.3 (Commodore Bullmoose #4)", "Teranga": "c23fcfb"},
        results=tuple(_result(check.id) for check in plan.checks),
        limits=(Limit.LAB,),
    )


@pytest.mark.parametrize(
    ("name", "render"), [("report.html", acceptance.to_html), ("report.json", acceptance.to_json), ("report.xml", acceptance.to_junit)]
)
def test_the_report_is_the_expected_one(
    name: str, render: Callable[[Plan, Acceptance], str], plan: Plan, seen: Acceptance, golden: Callable[[Path, str], None]
) -> None:
    golden(HERE / name, render(plan, seen))


def test_the_hash_can_be_recomputed_from_the_page_alone(plan: Plan, seen: Acceptance) -> None:
    page = acceptance.to_html(plan, seen)

    embedded = re.search(r'<script type="application/json" id="donnees">(.*?)</script>', page, re.DOTALL)

    assert embedded is not None
    assert sha256(embedded[1].encode()).hexdigest() in page
    assert json.loads(embedded[1]) == json.loads(acceptance.to_json(plan, seen))["report"]


def test_the_page_is_well_formed_and_escapes_what_was_seen(plan: Plan, seen: Acceptance) -> None:
    page = acceptance.to_html(plan, seen)

    assert _unclosed(page) == []
    assert "10.79.1.250:443 &lt;&amp;&gt;" in page
    assert "Non conforme." in page


def _unclosed(page: str) -> list[str]:
    """Return the tags that are left open, or closed out of turn."""
    stack: list[str] = []
    wrong: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag not in ("meta", "br"):
                stack.append(tag)

        def handle_endtag(self, tag: str) -> None:
            if not stack or stack.pop() != tag:
                wrong.append(tag)

    Tags().feed(page)
    return wrong + stack


def test_the_junit_counts_are_those_of_its_cases(plan: Plan, seen: Acceptance) -> None:
    root = ET.fromstring(acceptance.to_junit(plan, seen).encode())  # noqa: S314  our own text

    for element in (root, *root.findall("testsuite")):
        assert int(element.attrib["tests"]) == len(element.findall(".//testcase"))
        assert int(element.attrib["failures"]) == len(element.findall(".//failure"))
        assert int(element.attrib["skipped"]) == len(element.findall(".//skipped"))
    assert [case.attrib["name"] for case in root.iter("testcase") if case.find("failure") is not None] == ["flow/use"]


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_words_in_both_languages(reason: Reason) -> None:
    result = Result(check="x", outcome=Outcome.FAILED, reason=reason)

    french, english = (acceptance_words.sentence(result, language) for language in acceptance_words.Language)

    assert french
    assert english
