"""What Prometheus sees of incidents."""

from __future__ import annotations

from monitoring.blocks.incidents import incident_blocks, segments_up, standing_blocks
from monitoring.exposition import Form, page
from monitoring.incidents.engine import Memory, advance
from monitoring.observed import MaintenanceWindow
from tests.unit.monitoring_meaning.district import district
from tests.unit.monitoring_meaning.networks import NOON, Scene, country, indexed, seen

NETWORK = district()
INDEX = indexed(NETWORK)
FEEDER = "thies--splitter-thies"


def looked(scene: Scene) -> Memory:
    return advance(INDEX, Memory(), seen(NETWORK, scene, NOON + 60))


def text(memory: Memory, *windows: MaintenanceWindow) -> str:
    return page((*standing_blocks(INDEX), *incident_blocks(INDEX, memory, windows)), Form.TEXT).decode()


def test_a_cut_is_told_with_its_segment_cause_and_sites() -> None:
    shown = text(looked(Scene(cut={FEEDER})))

    assert f'fibre_segment_up{{segment="{FEEDER}"}} 0.0' in shown
    assert 'fibre_segment_up{segment="hub-dakar--thies"} 1.0' in shown
    assert f'segment="{FEEDER}",cause="cut",confidence="likely"}} 1' in shown
    assert 'site_state{site="thies-1",state="down"} 1.0' in shown
    assert 'site_state{site="thies-0",state="up"} 1.0' in shown, "it answers over radio"
    assert f'noc_site_path_segment_info{{site="thies-1",path="dakar",segment="{FEEDER}"}} 1' in shown


def test_segments_that_nothing_tells_apart_are_one_alert() -> None:
    network = country(1, 1, chained=0.0)
    index = indexed(network)

    memory = advance(index, Memory(), seen(network, Scene(cut={"pole-0--hub-diamniadio"}), NOON + 60))

    assert [value for value in segments_up(index, memory).values() if not value] == [False]


def test_nothing_is_claimed_of_a_segment_that_nobody_uses() -> None:
    known = segments_up(INDEX, looked(Scene(cut={FEEDER})))

    assert "splitter-thies--thies-1" not in known


def test_announced_work_is_told_while_it_lasts() -> None:
    window = MaintenanceWindow(id="m", start=NOON, end=NOON + 120, sites=frozenset({"thies-1"}), segments=frozenset({FEEDER}))
    over = MaintenanceWindow(id="n", start=NOON - 120, end=NOON, sites=frozenset({"thies-2"}))

    shown = text(looked(Scene()), window, over)

    assert 'noc_site_maintenance{site="thies-1"} 1' in shown
    assert f'noc_segment_maintenance{{segment="{FEEDER}"}} 1' in shown
    assert "thies-2" not in "".join(line for line in shown.splitlines() if "maintenance" in line)


def test_a_place_that_failed_with_all_its_links_is_one_alert_and_speaks_for_its_sites() -> None:
    links = {"thies--kaolack", "kaolack--tamba"}

    memory = looked(Scene(cut=links))
    shown = text(memory)

    assert not any(value is False for value in segments_up(INDEX, memory).values())
    assert 'site="kaolack-1"} 1' in "".join(line for line in shown.splitlines(keepends=True) if "noc_incident_site_info" in line)
    assert "noc_incident_weakened_sites" in shown
