"""The topology's file: the page's example is read as it stands, and every mistake has its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitoring.problems import ProblemsError
from monitoring.topology import Family, Medium, Topology
from monitoring.topology_file import load, loads, topology_of
from tests.unit.monitoring_meaning.district import district
from tests.unit.monitoring_meaning.topology_text import text_of

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "monitoring-topology.md"


def example() -> str:
    return PAGE.read_text(encoding="utf-8").split("```json\n", 1)[1].split("```", 1)[0]


def mended(old: str, new: str) -> str:
    text = example()
    assert old in text
    return text.replace(old, new, 1)


def problems(text: str) -> list[str]:
    with pytest.raises(ProblemsError) as caught:
        loads(text)
    return [str(problem) for problem in caught.value.problems]


def test_the_pages_example_is_read(tmp_path: Path) -> None:
    file = tmp_path / "topology.json"
    file.write_text(example(), encoding="utf-8")

    topology = load(file)

    kedougou = topology.site_by_name["kedougou"]
    assert kedougou.ont is not None
    assert [path.medium for path in kedougou.paths] == [Medium.FIBRE, Medium.RADIO]
    assert topology.device_by_name["olt-tambacounda"].family is Family.HUAWEI_XPON
    assert topology.segment_by_id["tambacounda-kedougou"].points[1].title == "Mako"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"vantage": "hub-dakar"', '"vantage": "hub-dakkar"', "topology.vantage: hub-dakkar is not known (hint: hub-dakar?)"),
        ('"kind": "pole"', '"kind": "pol"', 'topology.sites[1].kind: "pol" is not known (hint: pole?)'),
        ('"tier": 2', '"tiers": 2', "topology.sites[2].tiers: is not known (hint: tier?)"),
        ('"behind": "10.65.1.10"', '"behind": "10.65.1"', 'topology.sites[2].paths[0].behind: an IPv4 address was expected, not "10.65.1"'),
        ('"length_km": 233.0', '"length_km": NaN', "topology: NaN is not a number"),
        ('"km": 118.0', '"km": 318.0', "topology.segments.tambacounda-kedougou.points: kilometre 318.0 is not on its 233.0 km"),
        ('"medium": "radio"', '"medium": "fibre"', "topology.sites.kedougou.paths.4g-dakar.segments: fibre with 0 segments"),
        ('"format": 1', '"format": 2', "topology.format: 2 is not the form that this program reads (hint: render it anew: 1)"),
        ('"olt": "olt-tambacounda"', '"olt": "olt"', "topology.sites.kedougou.ont.olt: olt is not an OLT"),
        ('"end": "tambacounda"', '"end": "kedougou"', "topology.devices.olt-tambacounda.ports.0/19/0.end: kedougou is no end"),
        (
            '["dakar-tambacounda", "tambacounda-kedougou"]',
            '["tambacounda-kedougou", "dakar-tambacounda"]',
            "tambacounda-kedougou does not begin at hub-dakar, but joins tambacounda and kedougou (hint: in order from the hub)",
        ),
        ('"id": "4g-dakar"', '"id": "fibre-dakar"', "topology.sites.kedougou.paths: fibre-dakar stands twice"),
    ],
)
def test_a_mistake_has_its_place(old: str, new: str, said: str) -> None:
    found = problems(mended(old, new))

    assert any(said in line for line in found), found


def test_all_problems_come_at_once() -> None:
    raw = json.loads(example())
    raw["sites"][0]["latitude"] = "north"
    raw["segments"][0]["ends"] = ["hub-dakar"]
    raw["devices"][0]["snmp"] = {"version": "1", "credential": ""}
    del raw["sites"][1]["title"]

    with pytest.raises(ProblemsError) as caught:
        topology_of(raw, "topology")

    assert [problem.where for problem in caught.value.problems] == [
        "topology.sites[0].latitude",
        "topology.sites[1].title",
        "topology.segments[0].ends",
        "topology.devices[0].snmp.version",
        "topology.devices[0].snmp.credential",
    ]


@pytest.mark.parametrize("text", ["", "[]", "null", '{"format": 1', '{"format": 1, "format": 1}', '{"format": 1, "sites": {}}'])
def test_rubbish_is_refused(text: str) -> None:
    assert problems(text)


def test_an_unreadable_file_is_a_problem_not_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="cannot be read"):
        load(tmp_path / "none.json")


def test_equal_texts_give_equal_topologies() -> None:
    first: Topology = loads(example())

    assert first == loads(example())


def test_what_is_written_is_read_as_it_was() -> None:
    network = district()

    assert loads(text_of(network)) == network
