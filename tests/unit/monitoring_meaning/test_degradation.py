"""Light that steps or drifts and packets that go a longer way, among noise, daily swing and outliers."""

from __future__ import annotations

from dataclasses import replace
from math import pi, sin
from random import Random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.degradation.baseline import DAY, slope
from monitoring.degradation.detour import WayMemory, detour, passed
from monitoring.degradation.light import LightMemory, outlook, seen
from monitoring.observed import OpticsLimits, OpticsReading, PathSample, Validity

PERIOD = 300.0
MONDAY = 19_000 * DAY
LIMITS = OpticsLimits(low_alarm=-27.0, low_warning=-25.0)


def reading(at: float, level: float | None) -> OpticsReading:
    return OpticsReading(device="d", port="1", at=at, validity=Validity.OK if level is not None else Validity.NO_LIGHT, rx_dbm=level)


def noisy(random: Random, at: float, level: float, swing: float) -> float:
    outlier = random.choice((-3.0, 3.0)) if random.random() < 0.0005 else 0.0
    return level + random.gauss(0, 0.1) + swing / 2 * sin(2 * pi * at / DAY) + outlier


def lived(random: Random, days: float, level: float = -20.0, swing: float = 0.3, drift: float = 0.0) -> tuple[LightMemory, float, int]:
    """Return the memory after days of readings, the moment, and how many steps it claimed on the way."""
    memory, at, claimed = LightMemory(), MONDAY, 0
    while at < MONDAY + days * DAY:
        at += PERIOD
        before = memory.step
        memory = seen(memory, reading(at, noisy(random, at, level + drift * (at - MONDAY) / DAY, swing)), LIMITS)
        claimed += before is None and memory.step is not None
    return memory, at, claimed


def made(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - noise


def test_noise_swing_and_outliers_raise_no_alarm() -> None:
    claimed = sum(lived(made(seed), 45, swing=seed * 0.1)[2] for seed in range(4))

    assert claimed == 0


@pytest.mark.parametrize(("step", "least_found", "most_readings"), [(1.0, 20, 5), (0.5, 19, 8)])
def test_a_step_is_found_in_a_few_readings(step: float, least_found: int, most_readings: int) -> None:
    needed = []
    for seed in range(20):
        random = made(seed)
        memory, at, _ = lived(random, 1.5, swing=0.1)
        for count in range(1, 30):
            at += PERIOD
            memory = seen(memory, reading(at, noisy(random, at, -20.0 - step, 0.1)), LIMITS)
            if memory.step is not None:
                needed.append(count)
                break

    assert len(needed) >= least_found
    assert median(needed) <= most_readings


def test_a_step_is_measured_stays_and_ends_when_the_light_is_back() -> None:
    random = made(3)
    memory, at, _ = lived(random, 1.5, swing=0.0)
    for _ in range(20):
        at += PERIOD
        memory = seen(memory, reading(at, noisy(random, at, -21.2, 0.0)), LIMITS)
    during = outlook(memory, LIMITS)
    for _ in range(20):
        at += PERIOD
        memory = seen(memory, reading(at, noisy(random, at, -20.0, 0.0)), LIMITS)

    assert during.step == pytest.approx(1.2, abs=0.15)
    assert during.baseline == pytest.approx(-20, abs=0.1)
    assert outlook(memory, LIMITS).step == 0


def test_a_step_that_nobody_mends_is_the_new_level_after_a_day() -> None:
    random = made(4)
    memory, at, _ = lived(random, 1.5, swing=0.0)
    steps = []
    for _ in range(int(3 * DAY / PERIOD)):
        at += PERIOD
        memory = seen(memory, reading(at, noisy(random, at, -21.5, 0.0)), LIMITS)
        steps.append(memory.step is not None)

    assert steps[20]
    assert not steps[-1]
    assert outlook(memory, LIMITS).baseline == pytest.approx(-21.5, abs=0.1)


def test_drift_gives_the_days_that_are_left() -> None:
    memory, _, claimed = lived(made(5), 20, level=-22.0, swing=0.2, drift=-0.1)

    found = outlook(memory, LIMITS)

    assert claimed == 0
    assert found.drift == pytest.approx(-0.1, abs=0.01)
    assert found.margin == pytest.approx(3.0, abs=0.3)
    assert found.days == pytest.approx(30, abs=4)


def test_a_level_that_stands_still_has_no_last_day() -> None:
    memory, _, _ = lived(made(6), 10)

    assert outlook(memory, LIMITS).days is None


def test_low_readings_count_only_in_a_row() -> None:
    memory = LightMemory()
    for number, level in enumerate((-28.0, -20.0, -27.0, -27.5)):
        memory = seen(memory, reading(MONDAY + number * 3600, level), LIMITS)

    assert (memory.low_alarm, memory.low_warning) == (2, 2)


def test_the_same_reading_twice_and_one_without_light_change_nothing() -> None:
    memory = seen(LightMemory(), reading(MONDAY, -20.0), LIMITS)

    assert seen(memory, reading(MONDAY, -22.0), LIMITS) is memory
    assert seen(memory, reading(MONDAY + 300, None), LIMITS) is memory


def sample(at: float, least: float | None, lost: int = 0) -> PathSample:
    return PathSample(site="s", path="p", at=at, sent=60, lost=lost, rtt_min=least)


def gone(*minima: float | None, lost: int = 0, memory: WayMemory | None = None) -> WayMemory:
    known = memory or WayMemory()
    for least in minima:
        known = passed(known, sample(known.at + 60, least, lost))
    return known


def test_thirty_kilometres_more_are_a_detour_until_they_are_gone() -> None:
    usual = gone(*[0.0052] * 10)

    away = gone(*[0.0056] * 3, memory=usual)
    back = gone(0.0052, memory=away)

    found = detour("s", "p", away)
    assert found is not None
    assert found.step == pytest.approx(0.0004)
    assert detour("s", "p", gone(*[0.0056] * 2, memory=usual)) is None
    assert detour("s", "p", back) is None


def test_a_queue_or_loss_is_no_detour() -> None:
    usual = gone(*[0.0052] * 10)

    assert detour("s", "p", gone(*[0.0054] * 10, memory=usual)) is None
    assert detour("s", "p", gone(*[0.0070] * 10, lost=6, memory=usual)) is None
    assert detour("s", "p", gone(*[None] * 10, memory=usual)) is None


def test_a_way_that_stays_for_a_week_is_the_usual_one() -> None:
    away = gone(*[0.0056] * 3, memory=gone(*[0.0052] * 10))

    later = passed(away, sample(away.at + 8 * DAY, 0.0056))

    assert detour("s", "p", later) is None
    assert detour("s", "p", gone(*[0.0056] * 5, memory=later)) is None


@given(st.lists(st.floats(min_value=-40, max_value=0), min_size=5, max_size=12), st.floats(min_value=-1, max_value=1))
def test_the_slope_follows_a_line_put_under_it(levels: list[float], rate: float) -> None:
    days = [(number * DAY, level) for number, level in enumerate(levels)]
    tilted = [(at, level + rate * at / DAY) for at, level in days]

    flat, steep = slope(days), slope(tilted)

    assert flat is not None
    assert steep is not None
    assert steep - flat == pytest.approx(rate, abs=1e-6)


def test_a_memory_is_a_few_numbers() -> None:
    memory, _, _ = lived(made(7), 35)

    assert len(memory.rx.hours) <= 29
    assert len(memory.rx.days) <= 30
    assert len(memory.recent) <= 12
    assert replace(memory) == memory
