"""The history of states: what is kept, what a hole means, and what a kill -9 leaves."""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.sla.history import GRACE, History, ServiceState, Span, opened

START = datetime(2026, 11, 1, tzinfo=UTC)
SILENCE = timedelta(days=40)  # these tests record at long intervals
UP, DOWN, UNKNOWN = ServiceState.UP, ServiceState.DOWN, ServiceState.UNKNOWN
CHECKOUT = Path(__file__).parents[3]


def after(**parts: float) -> datetime:
    return START + timedelta(**parts)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


@pytest.fixture
def history(path: Path) -> Iterator[History]:
    made = History(path, SILENCE)
    yield made
    made.close()


def short(spans: tuple[Span, ...]) -> list[tuple[str, str, float, float]]:
    return [(span.site, str(span.state), (span.start - START).total_seconds(), (span.end - START).total_seconds()) for span in spans]


def test_only_changes_are_kept(history: History) -> None:
    written = [history.record({"dahra": state}, after(seconds=10 * n)) for n, state in enumerate([UP, UP, DOWN, DOWN, UP])]

    assert written == [1, 0, 1, 0, 1]
    assert short(history.spans(START, after(seconds=50))) == [
        ("dahra", "up", 0, 20),
        ("dahra", "down", 20, 40),
        ("dahra", "up", 40, 50),
    ]


def test_the_time_between_two_runs_is_unknown(path: Path, history: History) -> None:
    history.record({"dahra": UP}, START)
    history.record({"dahra": UP}, after(minutes=10))
    again = History(path)
    again.record({"dahra": UP}, after(minutes=70))
    again.close()

    assert short(history.spans(START, after(minutes=70, seconds=30))) == [
        ("dahra", "up", 0, 600),
        ("dahra", "unknown", 600, 4200),
        ("dahra", "up", 4200, 4230),
    ]


def test_a_short_restart_leaves_no_hole(path: Path, history: History) -> None:
    history.record({"dahra": DOWN}, START)
    again = History(path)
    again.record({"dahra": UP}, START + GRACE)
    again.close()

    assert short(history.spans(START, after(seconds=90))) == [("dahra", "down", 0, 60), ("dahra", "up", 60, 90)]


def test_what_follows_the_last_sign_of_life_is_unknown(history: History) -> None:
    history.record({"dahra": UP}, START)

    assert short(history.spans(START, after(hours=1))) == [("dahra", "up", 0, 0), ("dahra", "unknown", 0, 3600)][1:]


def test_a_removed_site_is_absent_and_not_unknown(history: History) -> None:
    history.record({"dahra": UP, "kedougou": UP}, START)
    history.record({"kedougou": UP}, after(seconds=30))

    assert ("dahra", "absent", 30, 60) in short(history.spans(START, after(seconds=60)))


def test_a_clock_that_steps_back_is_held(history: History) -> None:
    history.record({"dahra": UP}, after(seconds=100))
    history.record({"dahra": DOWN}, after(seconds=50))
    history.record({"dahra": DOWN}, after(seconds=160))

    assert short(history.spans(START, after(seconds=160))) == [("dahra", "down", 100, 160)]


def test_one_site_can_be_asked_for(history: History) -> None:
    history.record({"dahra": UP, "kedougou": DOWN}, START)

    assert [span.site for span in history.spans(START, after(seconds=10), "kedougou")] == ["kedougou"]
    assert history.spans(START, after(seconds=10), "x' OR '1'='1") == ()


@pytest.mark.parametrize("sentence", ["UPDATE change SET state = 'up'", "DELETE FROM change"])
def test_the_history_cannot_be_rewritten(path: Path, history: History, sentence: str) -> None:
    history.record({"dahra": DOWN}, START)
    other = sqlite3.connect(path)

    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute(sentence)
    other.close()


def test_the_file_is_for_its_owner_only(path: Path, history: History) -> None:
    assert path.stat().st_mode & 0o077 == 0


_VICTIM = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from monitoring.sla.history import History, ServiceState
history = History(Path(sys.argv[1]))
start, states = datetime(2026, 11, 1, tzinfo=UTC), list(ServiceState)[:2]
for second in range(1_000_000):
    history.record({f"site-{n}": states[second % 2] for n in range(70)}, start + timedelta(seconds=second))
    print(second, flush=True)
"""


def test_a_kill_in_the_middle_of_writing_loses_nothing_that_was_said_to_be_kept(path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _VICTIM, path], stdout=subprocess.PIPE, cwd=CHECKOUT, text=True) as victim:
        assert victim.stdout is not None
        for _ in range(20):
            last = int(victim.stdout.readline())
        os.kill(victim.pid, signal.SIGKILL)
        last = max([last, *(int(line) for line in victim.stdout.read().split())])

    history = History(path)
    spans = history.spans(START, after(seconds=last))
    history.close()

    assert len(spans) == 70 * last
    assert {span.end - span.start for span in spans} == {timedelta(seconds=1)}


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from(list(ServiceState)), st.booleans()), max_size=30))
def test_spans_never_overlap_and_leave_no_hole(moves: list[tuple[int, ServiceState, bool]]) -> None:
    at = START
    with tempfile.TemporaryDirectory() as folder:
        history = History(Path(folder) / "history.sqlite")
        for step, state, restart in moves:
            at += timedelta(seconds=step)
            if restart:
                history.close()
                history = History(Path(folder) / "history.sqlite")
            history.record({"dahra": state}, at)
        spans = history.spans(START, at)
        history.close()

    assert all(one.end == other.start for one, other in itertools.pairwise(spans))
    assert not spans or spans[-1].end == at


def test_what_held_before_the_period_holds_when_it_begins(history: History) -> None:
    history.record({"dahra": UP}, START)
    history.record({"dahra": DOWN}, after(minutes=5))
    history.record({"dahra": DOWN}, after(minutes=20))

    assert short(history.spans(after(minutes=10), after(minutes=20))) == [("dahra", "down", 600, 1200)]


def test_a_history_that_is_opened_again_knows_since_when_each_site_is_watched(path: Path, history: History) -> None:
    history.record({"dahra": UP}, START)
    history.record({"dahra": UP, "kedougou": UP}, after(days=3))
    again = History(path)
    found = again.first_seen()
    again.close()

    assert found == {"dahra": START, "kedougou": after(days=3)} == history.first_seen()


def test_a_machine_that_slept_knows_nothing_of_that_time(path: Path) -> None:
    history = History(path)
    for at in (0, 30, 7230, 7260):
        history.record({"dahra": UP}, after(seconds=at))
    spans = history.spans(START, after(seconds=7260))
    history.close()

    assert short(spans) == [("dahra", "up", 0, 30), ("dahra", "unknown", 30, 7230), ("dahra", "up", 7230, 7260)]


def test_a_clock_that_was_wrong_by_a_year_costs_no_year(path: Path) -> None:
    history = History(path)
    history.record({"dahra": UP}, START)
    history.record({"dahra": DOWN}, after(days=365))
    history.record({"dahra": DOWN}, after(seconds=60))
    history.record({"dahra": UP}, after(seconds=90))
    history.close()
    again = History(path)
    again.record({"dahra": UP}, after(seconds=120))
    spans = again.spans(START, after(seconds=120))
    again.close()

    assert short(spans) == [("dahra", "up", 0, 60), ("dahra", "down", 60, 90), ("dahra", "up", 90, 120)]


@pytest.mark.parametrize("rubbish", [b"this is no database, and has never been one" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_history_is_put_aside(path: Path, rubbish: bytes) -> None:
    path.write_bytes(rubbish)

    history = opened(path)
    history.record({"dahra": UP}, START)
    history.close()

    (aside,) = path.parent.glob("*.unreadable-*")
    assert aside.read_bytes() == rubbish


def test_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        opened(tmp_path / "nowhere" / "history.sqlite")
