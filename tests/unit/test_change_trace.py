"""A journal read as runs: steps one after the other, side by side, failed, cut by a kill."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provisioner.centre.journal import Journal
from provisioner.change.trace import runs
from provisioner.cli.main import main


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    monkeypatch.setenv("TERANGA_STATE", str(tmp_path))
    return Journal("kedougou", "up", lambda _line: None)


def _file(tmp_path: Path) -> Path:
    return tmp_path / "sites" / "kedougou" / "journal.jsonl"


def test_a_step_has_its_seconds_and_its_cpu(journal: Journal, tmp_path: Path) -> None:
    with journal.step("infrastructure") as notes:
        sum(range(3_000_000))
        notes.append("23 changes")

    (run,) = runs(_file(tmp_path).read_text().splitlines())
    (step,) = run.steps
    assert (run.verb, step.name, step.outcome, step.detail) == ("up", "infrastructure", "done", "23 changes")
    assert step.seconds is not None
    assert 0 < step.cpu <= step.seconds + 0.1


def test_steps_side_by_side_keep_their_beginnings() -> None:
    at = "2026-11-25T10:00:{:02d}.000+00:00"
    entries = [
        {"time": at.format(0), "run": "r", "verb": "up", "step": "a", "event": "begun"},
        {"time": at.format(2), "run": "r", "verb": "up", "step": "b", "event": "begun"},
        {"time": at.format(5), "run": "r", "verb": "up", "step": "b", "event": "done", "seconds": 3.0, "cpu": 1.5},
        {"time": at.format(9), "run": "r", "verb": "up", "step": "a", "event": "done", "seconds": 9.0, "cpu": 2.0},
    ]
    (run,) = runs(json.dumps(entry) for entry in entries)

    assert [(step.name, step.after, step.seconds) for step in run.steps] == [("a", 0.0, 9.0), ("b", 2.0, 3.0)]
    assert run.seconds == 9.0


def test_a_killed_step_is_cut_and_a_torn_line_is_left_out(journal: Journal, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), journal.step("wait for guests"):
        raise ZeroDivisionError
    text = _file(tmp_path).read_text()
    begun = text.splitlines()[0].replace("wait for guests", "converge the gateway")
    (run,) = runs([*text.splitlines(), begun, text.splitlines()[0][:20]])

    assert [(step.name, step.outcome) for step in run.steps] == [("wait for guests", "failed"), ("converge the gateway", "cut")]


def test_a_journal_from_before_cpu_was_measured_is_read() -> None:
    line = {"time": "2026-11-25T10:00:00.000+00:00", "run": "r", "verb": "up", "step": "a", "event": "done", "seconds": 3.0, "detail": ""}
    (run,) = runs([json.dumps(line)])

    assert run.steps[0].cpu == 0.0


def test_the_verb_shows_the_last_runs(journal: Journal, capsys: pytest.CaptureFixture[str]) -> None:
    with journal.step("infrastructure") as notes:
        notes.append("23 changes")
    status = main(["trace", "kedougou"])

    told = capsys.readouterr().out
    assert status == 0
    assert "up of 20" in told
    assert "infrastructure" in told
    assert "23 changes" in told
    assert main(["trace", "kedougou", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["steps"][0]["name"] == "infrastructure"


def test_a_site_without_a_journal_is_said(journal: Journal, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "dahra"]) == 1
    assert "nothing was run on this site yet" in capsys.readouterr().err
    assert main(["trace", "dahra", "--runs", "0"]) == 2
