"""The map's numbers, the places of kilometre points, and the tree."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitoring.incidents.incident import Cause, Kind
from monitoring.noc import places
from monitoring.noc.assemble import Material, view
from monitoring.noc.chart import HEIGHT, WIDTH, chart
from monitoring.noc.tree import tree, worst
from monitoring.noc.view import State, View
from monitoring.observed import Reach
from monitoring.topology import Topology
from tests.unit.monitoring_noc.country import cut
from tests.unit.monitoring_noc.small import seen, small


def shown(topology: Topology | None = None, **changes: object) -> View:
    used = topology or small()
    incidents = (cut(("kedougou",), segments=("tamba-kedougou",), **changes),)  # type: ignore[arg-type]  # an incident's fields
    return view(Material(topology=used, observed=seen(used, ("kedougou", "", Reach.DOWN)), incidents=incidents))


@pytest.mark.parametrize(
    ("km", "latitude", "longitude"), [(0, 13.7707, -13.6673), (118, 13.0, -13.0), (59, 13.38535, -13.33365), (233, 12.5605, -12.1747)]
)
def test_a_kilometre_lies_between_the_points_of_its_route(km: float, latitude: float, longitude: float) -> None:
    topology = small()

    found = places.place(topology, topology.segment_by_id["tamba-kedougou"], km)

    assert found.latitude == pytest.approx(latitude)
    assert found.longitude == pytest.approx(longitude)


def test_the_nearest_place_may_be_a_point_of_the_route() -> None:
    topology = small()

    found = places.place(topology, topology.segment_by_id["tamba-kedougou"], 120.0)

    assert found.near == "Mako"
    assert found.near_km == pytest.approx(2, abs=1)


def test_a_kilometre_beyond_the_route_or_on_an_unknown_one_has_no_place() -> None:
    topology = small()

    assert places.place(topology, topology.segment_by_id["tamba-kedougou"], 400.0).latitude is None
    assert places.place(topology, topology.segment_by_id["louga-linguere"], 4.0).latitude is None


def test_distances_are_those_of_the_globe() -> None:
    assert places.distance_km((14.6928, -17.4467), (12.5556, -12.1808)) == pytest.approx(615, abs=5)


def test_every_site_and_the_break_are_on_the_drawing_and_the_worst_on_top() -> None:
    drawn = chart(shown(kilometre=118.0), shown().sites)

    assert {mark.site.name for mark in drawn.marks} == {site.name for site in small().sites}
    assert all(0 < mark.x < WIDTH and 0 < mark.y < HEIGHT for mark in drawn.marks)
    assert drawn.marks[-1].site.name == "kedougou"
    assert len(drawn.breaks) == 1
    assert drawn.lines[-1].segment.failed


def test_sites_at_one_place_stand_around_it_wherever_the_filter_is() -> None:
    topology = small()
    same = replace(topology, sites=tuple(replace(site, latitude=15.0, longitude=-15.0) for site in topology.sites))
    whole = shown(same)

    everywhere = {mark.site.name: (mark.x, mark.y) for mark in chart(whole, whole.sites).marks}
    alone = {mark.site.name: (mark.x, mark.y) for mark in chart(whole, whole.sites[-1:]).marks}

    assert len(set(everywhere.values())) == len(topology.sites)
    assert alone == {"kedougou": everywhere["kedougou"]}


def test_a_ring_is_drawn_even_where_nothing_passes() -> None:
    drawn = {line.segment.id for line in chart(shown(), ()).lines}

    assert {"dakar-louga", "diamniadio-louga", "dakar-tamba", "tamba-kedougou"} <= drawn
    assert "louga-dahra" not in drawn


def test_the_tree_goes_from_hub_to_commune() -> None:
    (dakar, diamniadio) = tree(shown(), shown().sites)

    assert (dakar.hub and dakar.hub.name, diamniadio.branches) == ("hub-dakar", ())
    louga, tamba = dakar.branches
    assert louga.pole is not None
    assert [(bundle.segment and bundle.segment.id, [site.name for site in bundle.sites]) for bundle in louga.bundles] == [
        ("louga-dahra", ["dahra"]),
        ("louga-linguere", ["linguere"]),
    ]
    assert (louga.worst, tamba.worst, tamba.counts[State.DOWN]) == (State.UP, State.DOWN, 1)


def test_a_site_whose_pole_nobody_knows_still_stands_in_the_tree() -> None:
    topology = small()
    lost = replace(topology, sites=tuple(replace(site, pole="nowhere") if site.name == "dahra" else site for site in topology.sites))

    found = [
        site.name
        for root in tree(shown(lost), shown(lost).sites)
        for branch in root.branches
        for one in branch.bundles
        for site in one.sites
    ]

    assert sorted(found) == ["dahra", "kedougou", "linguere"]


def test_worst_goes_by_what_matters() -> None:
    assert worst([State.UP, State.MAINTENANCE, State.UNKNOWN]) is State.UNKNOWN
    assert worst([]) is State.UP


@pytest.mark.parametrize(
    ("kind", "cause", "headline"),
    [
        (Kind.OUTAGE, Cause.CUT, "Coupure de fibre : Dakar – Tambacounda"),
        (Kind.OUTAGE, Cause.POWER, "Énergie : Dakar – Tambacounda"),
        (Kind.REDUNDANCY, Cause.CUT, "Redondance perdue : Dakar – Tambacounda"),
        (Kind.BLIND, Cause.BLIND, "Dakar – Tambacounda"),
    ],
)
def test_a_headline_says_what_happened_and_where(kind: Kind, cause: Cause, headline: str) -> None:
    assert shown(kind=kind, cause=cause).incidents[0].headline == headline


def test_incidents_come_by_what_they_are_then_by_communes_and_time() -> None:
    topology = small()
    small_one = replace(cut(("kedougou",), segments=()), id="small")
    large = replace(cut(("dahra", "linguere"), segments=()), id="large")
    ring = replace(cut((), segments=()), id="ring", kind=Kind.REDUNDANCY, weakened=("dahra", "linguere", "kedougou"))

    found = view(Material(topology=topology, observed=seen(topology), incidents=(ring, small_one, large)))

    assert [one.incident.id for one in found.incidents] == ["large", "small", "ring"]
