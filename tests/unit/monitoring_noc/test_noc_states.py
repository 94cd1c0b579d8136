"""What state a site is shown in, and since when."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitoring.incidents.incident import Cause, Kind
from monitoring.noc.states import service_states, sites
from monitoring.noc.view import SiteView, State
from monitoring.observed import MaintenanceWindow, Observed, Reach
from monitoring.sla.history import ServiceState
from tests.unit.monitoring_noc.country import cut
from tests.unit.monitoring_noc.small import NOW, seen, small

TOPOLOGY = small()
DOWN, UNKNOWN = Reach.DOWN, Reach.UNKNOWN


def found(observed: Observed, name: str, **changes: object) -> SiteView:
    incidents = (cut(**changes),) if changes else ()  # type: ignore[arg-type]  # the fields of an incident
    return next(site for site in sites(TOPOLOGY, observed, incidents) if site.name == name)


def test_a_site_whose_paths_all_answer_is_up_since_they_do() -> None:
    site = found(seen(TOPOLOGY), "dahra")

    assert (site.state, site.since, site.feed) == (State.UP, NOW - 3600, "louga-dahra")


def test_a_site_on_less_than_it_should_have_is_degraded_and_says_how() -> None:
    one = found(seen(TOPOLOGY, ("dahra", "fibre-0", DOWN)), "dahra")
    radio = found(seen(TOPOLOGY, ("dahra", "fibre", DOWN)), "dahra")

    assert (one.state, one.since, one.reason) == (State.DEGRADED, NOW - 60, "2 chemins sur 3")
    assert (radio.state, radio.reason) == (State.DEGRADED, "1 chemin sur 3 sur radio seule")


def test_a_site_without_any_answer_is_down_since_its_last_path_fell() -> None:
    site = found(seen(TOPOLOGY, ("dahra", "", DOWN)), "dahra")

    assert (site.state, site.since) == (State.DOWN, NOW - 60)


def test_a_site_that_we_cannot_see_is_unknown_and_never_down() -> None:
    observed = seen(TOPOLOGY, ("dahra", "fibre", DOWN), ("dahra", "4g", UNKNOWN))
    site = found(observed, "dahra")

    assert (site.state, site.reason) == (State.UNKNOWN, "sonde muette")
    assert found(replace(seen(TOPOLOGY), blind="plus de route"), "dahra").state is State.UNKNOWN
    assert found(replace(seen(TOPOLOGY), paths=()), "dahra").reason == "pas encore mesuré"


def test_an_outage_that_the_engine_is_sure_of_is_down_even_if_one_probe_is_mute() -> None:
    observed = seen(TOPOLOGY, ("dahra", "fibre", DOWN), ("dahra", "4g", UNKNOWN))

    site = found(observed, "dahra", sites=("dahra",), segments=("louga-dahra",))

    assert (site.state, site.incident) == (State.DOWN, "2026-11-25-001")


def test_a_blind_incident_makes_its_sites_unknown() -> None:
    site = found(seen(TOPOLOGY, ("dahra", "", DOWN)), "dahra", sites=("dahra",), segments=(), kind=Kind.BLIND, cause=Cause.BLIND)

    assert site.state is State.UNKNOWN


@pytest.mark.parametrize(("reach", "word"), [(Reach.UP, "le site répond"), (Reach.DOWN, "le site ne répond pas")])
def test_announced_work_is_maintenance_whether_the_site_answers_or_not(reach: Reach, word: str) -> None:
    window = MaintenanceWindow(id="m1", start=NOW - 600, end=NOW + 600, sites=frozenset({"dahra"}), reason="batteries")

    site = found(replace(seen(TOPOLOGY, ("dahra", "", reach)), maintenance=(window,)), "dahra")

    assert (site.state, site.since, site.reason) == (State.MAINTENANCE, NOW - 600, f"batteries ; {word}")


def test_work_on_a_segment_is_maintenance_for_the_sites_it_silences() -> None:
    site = found(seen(TOPOLOGY, ("dahra", "", DOWN)), "dahra", sites=("dahra",), segments=("louga-dahra",), cause=Cause.MAINTENANCE)

    assert site.state is State.MAINTENANCE


def test_work_that_is_over_hides_nothing() -> None:
    window = MaintenanceWindow(id="m1", start=NOW - 600, end=NOW, sites=frozenset({"dahra"}))

    assert found(replace(seen(TOPOLOGY, ("dahra", "", DOWN)), maintenance=(window,)), "dahra").state is State.DOWN


def test_hubs_are_seen_by_what_answers_over_them() -> None:
    far = seen(TOPOLOGY, ("pole-louga", "fibre-1", DOWN), ("dahra", "fibre-1", DOWN))

    assert found(far, "hub-dakar").state is State.UP  # the vantage
    assert found(seen(TOPOLOGY), "hub-diamniadio").state is State.UP
    assert found(far, "hub-diamniadio").state is State.DOWN


def test_the_history_counts_a_degraded_site_as_up() -> None:
    views = sites(TOPOLOGY, seen(TOPOLOGY, ("dahra", "fibre", DOWN), ("kedougou", "", DOWN)), ())

    states = service_states(views)

    assert (states["dahra"], states["kedougou"]) == (ServiceState.UP, ServiceState.DOWN)
    assert len(states) == len(TOPOLOGY.sites)


def test_a_hub_that_others_pass_is_up_and_never_called_down_for_what_does_not_arrive() -> None:
    topology = replace(
        TOPOLOGY,
        sites=tuple(
            replace(site, paths=tuple(replace(path, hub="hub-dakar") for path in site.paths if path.hub == "hub-dakar"))
            if site.name != "kedougou"
            else replace(site, paths=(replace(site.paths[0], segments=("diamniadio-louga", "louga-dahra")),))
            for site in TOPOLOGY.sites
        ),
    )

    def hub(reach: Reach) -> State:
        views = sites(topology, seen(topology, ("kedougou", "", reach)), ())
        return next(view.state for view in views if view.name == "hub-diamniadio")

    assert hub(Reach.UP) is State.UP
    assert hub(DOWN) is State.UNKNOWN
