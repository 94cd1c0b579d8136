"""Search and filters, as they stand in the address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.noc.assemble import Material, view
from monitoring.noc.query import Query, parse
from monitoring.noc.view import State
from monitoring.observed import Reach
from tests.unit.monitoring_noc.country import cut
from tests.unit.monitoring_noc.small import seen, small

VIEW = view(
    Material(
        topology=small(),
        observed=seen(small(), ("kedougou", "", Reach.DOWN)),
        incidents=(cut(("kedougou",), segments=("tamba-kedougou",)),),
    )
)


def found(address: str) -> list[str]:
    asked = parse(address)
    return [site.name for site in VIEW.sites if asked.matches(site)]


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("q=kedougou", ["kedougou"]),
        ("q=K%C3%89DOUGOU", ["kedougou"]),
        ("q=pole+tamba", ["pole-tamba"]),
        ("etat=hors-service", ["kedougou"]),
        ("pole=pole-louga", ["pole-louga", "dahra", "linguere"]),
        ("pole=pole-louga&etat=hors-service", []),
        ("q=%3Cscript%3E", []),
        ("etat=nonsense&x=1", [site.name for site in VIEW.sites]),
        ("", [site.name for site in VIEW.sites]),
    ],
)
def test_an_address_finds_its_sites(address: str, names: list[str]) -> None:
    assert found(address) == names


@pytest.mark.parametrize(
    ("address", "shown"),
    [("", True), ("q=kedougou", True), ("q=coupure", True), ("q=dahra", False), ("pole=pole-tamba", True), ("etat=en-service", True)],
)
def test_an_incident_is_shown_with_the_sites_it_touches(address: str, shown: bool) -> None:
    assert parse(address).touches(VIEW.incidents[0]) is shown


@given(
    st.builds(
        Query,
        text=st.text(alphabet="abcé &=<'", max_size=20).map(lambda text: " ".join(text.split())),
        states=st.frozensets(st.sampled_from(State)),
        pole=st.sampled_from(["", "pole-louga"]),
    )
)
def test_an_address_brings_the_same_filter_back(asked: Query) -> None:
    assert parse(asked.address()) == asked


@given(st.text(max_size=300))
def test_no_address_breaks_the_page(address: str) -> None:
    parse(address)


def test_an_address_without_end_is_cut() -> None:
    assert len(parse("q=" + "a" * 500).text) == 80
    assert parse("q=" + "a" * 5000) == Query()
