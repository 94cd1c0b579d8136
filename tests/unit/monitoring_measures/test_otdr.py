"""Traces to the kilometre and to the ground: slack, launch cable, both ends, and files that are none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from monitoring.measures import otdr
from monitoring.measures.otdr_folder import OtdrFolder
from monitoring.observed import OtdrEvent
from monitoring.problems import ProblemsError
from monitoring.topology import RoutePoint, Segment, Site, SiteKind, Topology
from tests.unit.monitoring_measures.sor_file import sor

LOUGA_DAHRA = Segment(
    id="louga-dahra",
    title="Louga - Dahra",
    ends=("louga", "dahra"),
    length_km=80.0,
    points=(
        RoutePoint(km=0.0, latitude=15.61, longitude=-16.22, title="Louga"),
        RoutePoint(km=40.0, latitude=15.48, longitude=-15.85),
        RoutePoint(km=80.0, latitude=15.35, longitude=-15.48, title="Dahra"),
    ),
)
BROKEN_AT_30 = ((10.0, 0.05, "0F9999LS"), (30.0, 14.0, "1E9999LS"))


def site(name: str, latitude: float, longitude: float) -> Site:
    return Site(name=name, kind=SiteKind.CENTRE, title=name, region="Louga", latitude=latitude, longitude=longitude, tier=2)


SITES = (site("louga", 15.61, -16.22), site("dahra", 15.35, -15.48), site("sakal", 15.84, -16.22), site("keur-momar-sarr", 15.51, -15.93))
TOPOLOGY = Topology(vantage="louga", sites=SITES, segments=(LOUGA_DAHRA,))


def test_a_trace_tells_its_events_and_its_end() -> None:
    trace = otdr.read(sor(BROKEN_AT_30), "x.sor")

    assert [(round(event.km, 2), event.loss_db, event.reflects, event.ends) for event in trace.events] == [
        (10.0, 0.05, False, False),
        (30.0, 14.0, True, True),
    ]
    assert (trace.at, trace.wavelength_nm, round(trace.end_km, 3)) == (1_795_617_000, 1550.0, 30.0)


def test_without_an_end_the_last_event_is_it() -> None:
    assert otdr.read(sor(((10.0, 0.1, "0F9999LS"), (20.0, 9.0, "1F9999LS"))), "x.sor").end_km == pytest.approx(20.0, abs=0.001)


@given(km=some.floats(0.1, 79.9), second=some.booleans())
def test_the_kilometre_is_right_within_fifty_metres(km: float, second: bool) -> None:
    trace = otdr.read(sor(((80.0 - km if second else km, 9.0, "1E9999LS"),)), "x.sor")

    assert otdr.route_km(trace, LOUGA_DAHRA, otdr.Survey(), from_second_end=second) == pytest.approx(km, abs=0.05)


def test_slack_and_launch_cable_are_taken_off() -> None:
    trace = otdr.read(sor(((41.0 + 1.0, 9.0, "1E9999LS"),)), "x.sor")

    assert otdr.route_km(trace, LOUGA_DAHRA, otdr.Survey(launch_km=1.0, fibre_km=82.0), from_second_end=False) == pytest.approx(
        40.0, abs=0.01
    )


@pytest.mark.parametrize("end_km", [79.96, 80.0, 81.7])
def test_a_fibre_that_reaches_its_end_is_whole(end_km: float) -> None:
    trace = otdr.read(sor(((end_km, 0.0, "1E9999LS"),)), "x.sor")

    assert otdr.route_km(trace, LOUGA_DAHRA, otdr.Survey(), from_second_end=False) is None


def test_a_kilometre_is_a_place_near_a_commune() -> None:
    found = otdr.place(LOUGA_DAHRA, 30.0, SITES)

    assert (found.latitude, found.longitude, found.near) == (15.5125, -15.9425, "keur-momar-sarr")
    assert found.near_km == pytest.approx(1.4, abs=0.1)


def test_a_segment_without_points_has_a_kilometre_and_no_place() -> None:
    bare = Segment(id="bare", title="", ends=("a", "b"), length_km=10.0)

    found = otdr.place(bare, 3.0, SITES)

    assert (found.km, found.latitude, found.near) == (3.0, None, "")


@pytest.mark.parametrize(
    "content", [b"", b"Map\0", b"\0" * 500, sor(BROKEN_AT_30)[:200], sor(()), sor(BROKEN_AT_30).replace(b"Map", b"Mop")]
)
def test_what_is_no_trace_is_a_problem_with_a_remedy(content: bytes) -> None:
    with pytest.raises(ProblemsError) as problem:
        otdr.read(content, "x.sor")

    assert str(problem.value).startswith("x.sor: ")
    assert "(hint: " in str(problem.value)


@given(place=some.integers(0, 800), byte=some.integers(0, 255), cut=some.integers(1, 1000))
def test_a_damaged_trace_is_never_a_crash(place: int, byte: int, cut: int) -> None:
    content = bytearray(sor(BROKEN_AT_30))
    content[place % len(content)] = byte
    try:
        trace = otdr.read(bytes(content[:cut]) if cut % 2 else bytes(content), "x.sor")
    except ProblemsError:
        return

    assert trace.end_km >= 0


def test_a_folder_of_traces(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "louga-dahra.sor").write_bytes(sor(BROKEN_AT_30))
    (tmp_path / "louga-dahra@dahra.sor").write_bytes(sor(((49.9, 9.0, "1E9999LS"),), at=0))
    (tmp_path / "unknown.sor").write_bytes(sor(BROKEN_AT_30))
    (tmp_path / "louga-dahra@elsewhere.sor").write_bytes(sor(BROKEN_AT_30))
    os.utime(tmp_path / "louga-dahra@dahra.sor", (1_795_000_000, 1_795_000_000))
    folder = OtdrFolder(tmp_path)
    folder.look(TOPOLOGY)
    folder.look(TOPOLOGY)

    first, second = folder.events()
    assert (first.segment, first.at, round(first.km, 1)) == ("louga-dahra", 1_795_617_000, 30.0)
    assert (second.at, round(second.km, 1)) == (1_795_000_000, 30.1), "its clock was never set: the file's time"
    assert caplog.text.count("unknown.sor") == 1
    assert {tuple(found.values) for found in folder()} != {()}


def test_a_repaired_fibre_takes_its_event_away(tmp_path: Path) -> None:
    file = tmp_path / "louga-dahra.sor"
    folder = OtdrFolder(tmp_path)
    found: list[tuple[OtdrEvent, ...]] = []
    for turn, end_km in enumerate((30.0, 80.0)):
        file.write_bytes(sor(((end_km, 9.0, "1E9999LS"),)))
        os.utime(file, (1_795_000_000 + turn, 1_795_000_000 + turn))
        folder.look(TOPOLOGY)
        found.append(folder.events())

    assert [len(events) for events in found] == [1, 0]
