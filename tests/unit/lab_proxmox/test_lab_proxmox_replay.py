"""Calls recorded from a real Proxmox VE 9.2.11 are replayed in order: status, reason, field texts, key sets and JSON types agree."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.unit.lab_proxmox.lab_server import NODE, image, running, shared_data
from tests.unit.lab_proxmox.replay import Replay

_LISTED = Path(__file__).with_name("differences.yml")
_NOT_REPLAYED = Path(__file__).with_name("not_replayed.yml")
_BEFORE_DESTROY = 319  # of plugin.jsonl: its objects stand, as when the reads were recorded
# The order of the recording: the reads looked at what the plugin had made, the calls at what it had left.
_PARTS = (("plugin", 0, _BEFORE_DESTROY), ("reads", 0, None), ("plugin", _BEFORE_DESTROY, None), ("calls", 0, None), ("proxmoxer", 0, None))
_RECORDINGS = {"calls": 500, "proxmoxer": 55, "plugin": 400, "reads": 230}  # calls replayed, at least


def _lines(file: Path, key: str) -> frozenset[str]:
    groups = YAML(typ="safe").load(file.read_text())
    assert all(group["reason"] for group in groups)
    return frozenset(line for group in groups for line in group[key])


@pytest.fixture(scope="module")
def listed() -> frozenset[str]:
    return _lines(_LISTED, "differences")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Replay]:
    """The recordings, replayed one after the other against one server."""
    folder, root = shared_data() / "pve-answers", tmp_path_factory.mktemp("replay") / "lab"
    with running(root, NODE) as lab:
        for name in ("debian.qcow2", "own.qcow2"):
            image(root, NODE, name)
        replays = {recording: Replay(lab=lab, recording=recording) for recording in _RECORDINGS}
        for recording, first, last in _PARTS:
            replays[recording].run(folder / f"{recording}.jsonl", first, last)
        for replay in replays.values():
            replay.close()
    return replays


@pytest.mark.parametrize("recording", _RECORDINGS)
def test_our_answers_are_proxmoxs_but_for_the_listed_differences(recording: str, found: dict[str, Replay], listed: frozenset[str]) -> None:
    assert found[recording].replayed >= _RECORDINGS[recording]
    assert sorted(found[recording].differences - listed) == []


def test_every_listed_difference_still_shows(found: dict[str, Replay], listed: frozenset[str]) -> None:
    seen = frozenset[str]().union(*(replay.differences for replay in found.values()))

    assert sorted(listed - seen) == []


def test_every_recorded_call_is_replayed_but_the_listed_ones(found: dict[str, Replay]) -> None:
    refused = {call for replay in found.values() for call in replay.not_served}

    assert sorted(refused) == sorted(_lines(_NOT_REPLAYED, "calls"))
