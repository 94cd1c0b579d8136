"""The part that gives measures a meaning: from looks to samples, page and state."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from monitoring.degradation.store import load as load_degradation
from monitoring.exposition import Form, page
from monitoring.maintenance import load
from monitoring.meaning import MeaningPart
from monitoring.noc.view import Watching
from monitoring.observed import OpticsReading, PathSample, Validity
from monitoring.problems import ProblemsError
from tests.unit.monitoring_meaning.district import district
from tests.unit.monitoring_meaning.networks import NOON, Scene, country, seen

NETWORK = district()
FEEDER = "thies--splitter-thies"


def light(number: int, level: float, bias: float = 0.02) -> OpticsReading:
    at = NOON + 300 * number
    return OpticsReading(device="olt-thies", port="0/1/0", lane=3, at=at, validity=Validity.OK, rx_dbm=level, bias_amperes=bias)


def text(part: MeaningPart) -> str:
    return page(part.blocks(), Form.TEXT).decode()


def test_a_cut_becomes_samples_and_an_incident_that_a_person_takes(tmp_path: Path) -> None:
    part = MeaningPart(tmp_path)
    part.step(NETWORK, seen(NETWORK, Scene(cut={FEEDER}), NOON + 20), ())
    (incident,) = part.incidents()
    part.acknowledge(incident.id, "Awa", NOON + 30)

    again = MeaningPart(tmp_path)
    (kept,) = again.incidents()

    assert f'fibre_segment_up{{segment="{FEEDER}"}} 0.0' in text(part)
    assert kept.acknowledged is not None
    assert kept.acknowledged.by == "Awa"
    with pytest.raises(LookupError):
        part.acknowledge("none", "Awa", NOON)


def test_light_that_steps_is_watched_and_told_and_remembered(tmp_path: Path) -> None:
    part = MeaningPart(tmp_path)
    quiet = seen(NETWORK, Scene())
    for number in range(300):
        part.step(NETWORK, replace(quiet, at=NOON + 300 * number, optics=(light(number, -20.0),)), ())
    for number in range(300, 306):
        part.step(NETWORK, replace(quiet, at=NOON + 300 * number, optics=(light(number, -24.5),)), ())
    part.stop()

    (first, second) = part.watch()

    assert (first.kind, first.site, first.text) == (Watching.STEP, "thies-3", "4,5 dB perdus d’un coup")
    assert second.kind is Watching.MARGIN
    assert 'fibre_rx_power_step_db{device="olt-thies",port="0/1/0",lane="3",end="ont"} 4.5' in text(part)
    assert 'fibre_rx_power_low_reads{device="olt-thies",port="0/1/0",lane="3",end="ont",limit="low_alarm"} 0' in text(part)
    remembered = load_degradation(tmp_path / "degradation.json")
    assert remembered.lights["olt-thies", "0/1/0", 3].step is not None
    assert MeaningPart(tmp_path).watch() == ()
    assert remembered == load_degradation(tmp_path / "degradation.json")


def test_longer_ways_blame_what_they_avoid() -> None:
    part = MeaningPart(None)
    way = {(one.name, path.id): path for one in NETWORK.sites for path in one.paths if "kaolack--tamba" in path.segments}
    for minute in range(20):
        at = NOON + 60 * minute
        longer = 0.0005 if minute >= 12 else 0.0
        samples = tuple(PathSample(site=site, path=path, at=at, sent=60, lost=0, rtt_min=0.005 + longer) for site, path in way)
        part.step(NETWORK, replace(seen(NETWORK, Scene()), at=at), samples)

    (incident,) = part.incidents()

    assert incident.segments == ("kaolack--tamba",)
    assert incident.sites == ()
    assert "site_probe_rtt_min_step_seconds" in text(part)
    assert part.watch()[0].kind is Watching.RING_OPEN


def test_an_unreadable_degradation_file_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "degradation.json").write_text('{"format": 1, "lights": [{"device": 3}]}', encoding="utf-8")

    MeaningPart(tmp_path)

    assert (tmp_path / "degradation.json.unreadable").exists()


def windows(tmp_path: Path, **change: object) -> Path:
    window = {"id": "m1", "start": "2026-11-25T22:00:00Z", "end": "2026-11-26T02:00:00", "segments": ["a"], "reason": "soudure"} | change
    file = tmp_path / "maintenance.json"
    file.write_text(json.dumps({"format": 1, "windows": [window]}), encoding="utf-8")
    return file


def test_announced_work_is_read(tmp_path: Path) -> None:
    (window,) = load(windows(tmp_path))

    assert window.end - window.start == 4 * 3600
    assert load(tmp_path / "none") == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"start": "tomorrow"}, "tomorrow is no moment (hint: 2026-11-25T22:00:00Z)"),
        ({"end": "2026-11-25T21:00:00Z"}, "is not after its start"),
        ({"segments": []}, "no site and no segment is named"),
        ({"reson": "x"}, "is not known (hint: reason?)"),
    ],
)
def test_work_badly_announced_is_refused(change: dict[str, object], said: str, tmp_path: Path) -> None:
    with pytest.raises(ProblemsError) as caught:
        load(windows(tmp_path, **change))

    assert said in str(caught.value)


def test_a_look_at_557_sites_takes_little_time() -> None:
    network = country()
    part = MeaningPart(None)
    scene = seen(network, Scene(cut={"pole-0--centre-0"}))
    part.step(network, scene, ())

    begin = time.process_time()
    part.step(network, replace(scene, at=scene.at + 1), ())

    assert time.process_time() - begin < 0.25
