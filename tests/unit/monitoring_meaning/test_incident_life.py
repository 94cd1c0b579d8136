"""An incident from the first lost probe to its end: one name, whatever the order, through restarts and flapping."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from monitoring.incidents.engine import Memory, acknowledge, advance
from monitoring.incidents.incident import Acknowledgement, Cause, Incident, Kind, Stage
from monitoring.incidents.store import load, save
from monitoring.observed import Observed, Reach
from tests.unit.monitoring_meaning.district import district
from tests.unit.monitoring_meaning.networks import NOON, Scene, behind, country, indexed, seen

NETWORK = district()
INDEX = indexed(NETWORK)
FEEDER = "thies--splitter-thies"
TRUNK = "kaolack--tamba"
DROP = "splitter-thies--thies-3"
BACK = Scene(fell=NOON + 100)


def look(memory: Memory, scene: Scene, at: float) -> Memory:
    return advance(INDEX, memory, seen(NETWORK, scene, NOON + at))


def played(*scenes: tuple[float, Scene], memory: Memory | None = None, every: float = 1.0) -> Memory:
    """Return the memory after scenes that begin at the given seconds, looked at each second; the last one is looked at once."""
    known = memory or Memory()
    ends = [start for start, _ in scenes[1:]] + [scenes[-1][0] + every]
    for (start, scene), end in zip(scenes, ends, strict=True):
        at = start
        while at < end:
            known = look(known, scene, at)
            at += every
    return known


def only(memory: Memory) -> Incident:
    (incident,) = memory.current()
    return incident


def test_a_cut_is_an_incident_within_ten_seconds_whatever_falls_first() -> None:
    network = country(70, 1)
    index, cut = indexed(network), {"hub-dakar--pole-0", "pole-0--hub-diamniadio"}
    names = [one.name for one in network.sites if one.paths]
    for seed in range(5):
        random = Random(seed)  # noqa: S311 - an order of arrival
        noticed = {name: NOON + 6 + random.random() for name in names}  # five lost probes, then each in its place of the second
        memory = Memory()
        first = None
        for step in range(24):
            at = NOON + step / 2
            whole = seen(network, Scene(cut=cut, fell=NOON + 0.5), at)
            early = tuple(replace(one, reach=Reach.UP) if noticed[one.site] > at else one for one in whole.paths)
            memory = advance(index, memory, replace(whole, paths=early))
            if first is None and memory.incidents:
                first = at

        assert first is not None
        assert first - NOON <= 10
        assert len(memory.incidents) == 1
        assert set(only(memory).segments) == cut


def test_it_opens_updates_recovers_and_closes_under_one_name() -> None:
    cut = Scene(cut={FEEDER})

    opened = only(played((10, cut)))
    recovering = played((10, cut), (100, BACK))
    closed = look(recovering, BACK, 401)

    assert (opened.stage, opened.opened, opened.segments) == (Stage.OPEN, NOON, (FEEDER,))
    assert (only(recovering).stage, only(recovering).id) == (Stage.RECOVERING, opened.id)
    assert closed.current() == ()
    assert (closed.incidents[0].id, closed.incidents[0].closed) == (opened.id, NOON + 401)


def test_a_failure_that_comes_and_goes_is_one_incident() -> None:
    memory = Memory()
    for turn in range(6):
        begin = 10 + turn * 60
        memory = played((begin, Scene(cut={FEEDER}, fell=NOON + begin - 10)), (begin + 30, Scene()), memory=memory)

    assert len(memory.incidents) == 1
    assert memory.incidents[0].flaps == 5
    assert look(memory, Scene(), 1000).current(), "held longer after flapping"
    assert look(memory, Scene(), 2400).current() == ()


def test_a_small_failure_stays_known_behind_a_large_one() -> None:
    small, both = Scene(cut={DROP}), Scene(cut={DROP, FEEDER})

    memory = played((10, small), (200, both), (400, small))
    names = {one.segments: one.stage for one in memory.incidents}

    assert names == {(DROP,): Stage.OPEN, (FEEDER,): Stage.RECOVERING}


def test_the_first_sites_own_fibre_is_blamed_no_longer_once_the_others_fall() -> None:
    early = Scene(cut={DROP})

    memory = played((10, early), (20, Scene(cut={FEEDER})))

    assert len(memory.incidents) == 1
    assert only(memory).segments == (FEEDER,)


def test_the_second_cut_of_a_ring_isolates_and_each_cut_is_an_incident() -> None:
    before = played((10, Scene(cut={"thies--kaolack"})))
    then = seen(NETWORK, Scene(cut={"thies--kaolack"}), NOON + 110)
    second = {(one.site, one.path) for one in seen(NETWORK, Scene(cut={TRUNK})).paths if one.reach is Reach.DOWN}
    paths = tuple(
        replace(one, reach=Reach.DOWN, since=NOON + 100) if (one.site, one.path) in second and one.reach is Reach.UP else one
        for one in then.paths
    )

    after = advance(INDEX, before, replace(then, paths=paths))

    assert only(before).kind is Kind.REDUNDANCY
    assert only(before).sites == ()
    assert [one.segments for one in after.current()] == [("thies--kaolack",), (TRUNK,)]
    assert {one.kind for one in after.current()} == {Kind.OUTAGE}
    assert all("kaolack" in one.sites for one in after.current())


def test_the_unknown_ends_no_outage() -> None:
    cut = Scene(cut={"thies--thies-16"})
    nobody = Scene(unknown={"thies-16"}, fell=NOON + 50)

    memory = played((10, cut), (50, nobody), (900, nobody))

    stages = {one.kind: one.stage for one in memory.incidents}
    assert stages == {Kind.OUTAGE: Stage.OPEN, Kind.BLIND: Stage.OPEN}


def test_a_restart_of_the_collector_is_no_blindness() -> None:
    everyone = {one.name for one in NETWORK.sites}

    assert played((10, Scene(unknown=everyone, fell=NOON))).incidents == ()
    assert only(played((40, Scene(unknown=everyone, fell=NOON)))).cause is Cause.BLIND


def test_an_acknowledgement_keeps_its_name_through_updates_and_restart(tmp_path: Path) -> None:
    file = tmp_path / "incidents.json"
    memory = played((10, Scene(cut={FEEDER})))

    taken = acknowledge(memory, only(memory).id, "  Awa \n Diop ", NOON + 30)
    save(file, taken)
    after = look(load(file), Scene(cut={FEEDER}), 60)

    assert only(after).acknowledged == Acknowledgement(by="Awa Diop", at=NOON + 30)
    assert only(after).id == only(memory).id


@pytest.mark.parametrize(("name", "by"), [("no-such", "Awa"), ("", "Awa")])
def test_only_an_open_incident_is_acknowledged(name: str, by: str) -> None:
    with pytest.raises(LookupError):
        acknowledge(Memory(), name, by, NOON)


def test_the_state_file_comes_back_whole(tmp_path: Path) -> None:
    memory = played((10, Scene(cut={FEEDER, TRUNK})), (100, BACK))
    save(tmp_path / "state", memory)

    assert load(tmp_path / "state").incidents == memory.incidents
    assert load(tmp_path / "none") == Memory()


@pytest.mark.parametrize("text", ["", "{", '{"format": 1}', '{"format": 1, "at": 1, "incidents": [{"id": "x"}]}', "[]"])
def test_a_state_that_cannot_be_read_is_set_aside(text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "state"
    file.write_text(text, encoding="utf-8")

    with caplog.at_level(logging.WARNING):
        assert load(file) == Memory()

    assert (tmp_path / "state.unreadable").read_text(encoding="utf-8") == text
    assert "begun anew" in caplog.text


def test_two_incidents_of_one_second_have_two_names() -> None:
    memory = played((10, Scene(cut={FEEDER, TRUNK, "thies--thies-16"})))

    assert len({one.id for one in memory.incidents}) == len(memory.incidents) == 3


def test_a_look_that_comes_late_changes_nothing_and_a_clock_put_back_does() -> None:
    memory = played((10, Scene(cut={FEEDER})))

    assert look(memory, Scene(), 5) is memory
    assert look(memory, Scene(), -3600).at == NOON - 3600


def test_sites_that_the_topology_does_not_know_are_left_out() -> None:
    strange = replace(seen(NETWORK, Scene()).paths[0], site="nowhere", reach=Reach.DOWN)

    assert advance(INDEX, Memory(), Observed(at=NOON, paths=(strange,))).incidents == ()


def test_a_site_taken_out_of_the_topology_ends_its_incident() -> None:
    memory = played((10, Scene(cut={"thies--thies-16"})))
    smaller = replace(NETWORK, sites=tuple(one for one in NETWORK.sites if one.name != "thies-16"))

    after = advance(indexed(smaller), memory, seen(smaller, Scene(), NOON + 20))

    assert only(after).stage is Stage.RECOVERING


def test_everything_behind_the_feeder_is_named() -> None:
    assert set(only(played((10, Scene(cut={FEEDER})))).sites) | set(only(played((10, Scene(cut={FEEDER})))).weakened) == set(
        behind_fibre(FEEDER)
    )


def behind_fibre(cut: str) -> Iterable[str]:
    """Return the sites whose fibre paths all run over a segment (radio paths left out)."""
    fibre = replace(NETWORK, sites=tuple(replace(one, paths=tuple(way for way in one.paths if way.segments)) for one in NETWORK.sites))
    return behind(fibre, cut)


@pytest.mark.parametrize("lasts", [3, 12, 400])
def test_sites_that_come_back_one_by_one_are_no_new_incidents(lasts: int) -> None:
    memory = played((10, Scene(cut={FEEDER})), (10 + lasts, Scene(cut={FEEDER})))
    for second in range(5):
        late = {f"splitter-thies--thies-{number}" for number in range(second + 1, 8)}
        memory = look(memory, Scene(cut=late), 12 + lasts + second)
    memory = look(memory, Scene(), 20 + lasts)

    assert [one.segments for one in memory.incidents] == [(FEEDER,)]


def test_a_site_that_stays_down_after_the_repair_is_an_incident_of_its_own() -> None:
    memory = played((10, Scene(cut={FEEDER})), (60, Scene(cut={DROP})), (75, Scene(cut={DROP})))

    assert [(one.segments, one.stage) for one in memory.incidents] == [((FEEDER,), Stage.RECOVERING), ((DROP,), Stage.OPEN)]
