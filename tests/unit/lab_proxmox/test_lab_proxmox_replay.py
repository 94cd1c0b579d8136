"""Calls recorded from a real Proxmox VE 9.2.11 are replayed in order: status, reason, field texts, key sets and JSON types agree."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.unit.lab_proxmox.lab_server import NODE, image, running, shared_data
from tests.unit.lab_proxmox.replay import Replay

_LISTED = Path(__file__).with_name("differences.yml")
_RECORDINGS = {"calls": 400, "proxmoxer": 30, "plugin": 280}  # calls replayed, at least


@pytest.fixture(scope="module")
def listed() -> frozenset[str]:
    groups = YAML(typ="safe").load(_LISTED.read_text())
    assert all(group["reason"] for group in groups)
    return frozenset(difference for group in groups for difference in group["differences"])


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Replay]:
    """Each recording, replayed against a fresh server."""
    folder = shared_data() / "pve-answers"
    replays = {}
    for recording in _RECORDINGS:
        root = tmp_path_factory.mktemp(recording) / "lab"
        with running(root, NODE) as lab:
            for name in ("debian.qcow2", "own.qcow2"):
                image(root, NODE, name)
            replays[recording] = Replay(lab=lab, recording=recording)
            replays[recording].run(folder / f"{recording}.jsonl")
    return replays


@pytest.mark.parametrize("recording", _RECORDINGS)
def test_our_answers_are_proxmoxs_but_for_the_listed_differences(recording: str, found: dict[str, Replay], listed: frozenset[str]) -> None:
    assert found[recording].replayed >= _RECORDINGS[recording]
    assert sorted(found[recording].differences - listed) == []


def test_every_listed_difference_still_shows(found: dict[str, Replay], listed: frozenset[str]) -> None:
    seen = frozenset[str]().union(*(replay.differences for replay in found.values()))

    assert sorted(listed - seen) == []
