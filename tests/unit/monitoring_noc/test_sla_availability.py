"""Availability: what counts, what does not, and when nobody can tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.sla.availability import Availability, Month, Verdict, availability, month_of_sites
from monitoring.sla.history import ServiceState, Span

START = datetime(2026, 11, 1, tzinfo=UTC)
MONTH = timedelta(days=30)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def spans(*parts: tuple[ServiceState, float]) -> list[Span]:
    found, at = [], START
    for state, lasting in parts:
        found.append(Span(site="dahra", state=state, start=at, end=at + minutes(lasting)))
        at += minutes(lasting)
    return found


@pytest.mark.parametrize(("objective", "budget"), [(0.995, 216), (0.999, 43.2), (0.9995, 21.6)])
def test_a_month_of_thirty_days_has_the_known_budgets(objective: float, budget: float) -> None:
    within = Availability(up=MONTH - minutes(budget), down=minutes(budget))
    beyond = Availability(up=MONTH - minutes(budget + 0.1), down=minutes(budget + 0.1))

    assert within.verdict(objective) is Verdict.KEPT
    assert beyond.verdict(objective) is Verdict.MISSED


def test_maintenance_leaves_the_denominator_and_costs_nothing() -> None:
    kept = Availability(up=minutes(800), down=minutes(100), maintenance=minutes(100))

    assert kept.share == pytest.approx(1 - 100 / 900)


def test_the_unknown_is_neither_up_nor_down() -> None:
    kept = Availability(up=minutes(900), unknown=minutes(100))

    assert kept.share == 1
    assert kept.worst == pytest.approx(0.9)
    assert kept.verdict(0.995) is Verdict.OPEN


def test_an_objective_that_is_missed_without_the_unknown_is_missed() -> None:
    assert Availability(up=minutes(900), down=minutes(50), unknown=minutes(50)).verdict(0.99) is Verdict.MISSED


@pytest.mark.parametrize("kept", [Availability(), Availability(unknown=MONTH), Availability(maintenance=MONTH)])
def test_a_month_that_nobody_measured_has_no_figure(kept: Availability) -> None:
    assert kept.share is None
    assert kept.verdict(0.5) is Verdict.OPEN


def test_spans_add_up_and_what_they_leave_out_is_unknown() -> None:
    kept = availability(spans((ServiceState.UP, 60), (ServiceState.DOWN, 5), (ServiceState.UP, 20)), START, START + minutes(100))

    assert (kept.up, kept.down, kept.unknown) == (minutes(80), minutes(5), minutes(15))


def test_outages_are_counted_and_touching_ones_are_one() -> None:
    down, up = ServiceState.DOWN, ServiceState.UP
    kept = availability(spans((down, 5), (down, 6), (up, 60), (down, 3)), START, START + minutes(74))

    assert (kept.outages, kept.longest) == (2, minutes(11))


def test_a_site_counts_from_the_day_it_was_first_watched() -> None:
    period = (START, START + MONTH)
    first = {"dahra": START + minutes(30)}

    found = month_of_sites(spans((ServiceState.ABSENT, 30), (ServiceState.UP, 60)), first, ["dahra", "never-seen"], period)

    assert found["dahra"].watched == MONTH - minutes(60)  # absent time counts as covered; the rest of the month is unknown
    assert found["never-seen"].watched == timedelta(0)


def test_december_ends_with_the_year() -> None:
    month = Month.parse("2026-12")

    assert (str(month), month.end) == ("2026-12", datetime(2027, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("text", ["2026-13", "november", "", "2026-11-01"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"does not match|unconverted|remains"):
        Month.parse(text)


@given(
    st.lists(st.tuples(st.sampled_from([one for one in ServiceState if one is not ServiceState.ABSENT]), st.integers(1, 500)), max_size=12)
)
def test_the_states_add_up_to_the_time_and_the_worst_is_never_better(parts: list[tuple[ServiceState, float]]) -> None:
    end = START + minutes(sum(lasting for _, lasting in parts))

    kept = availability(spans(*parts), START, end)

    assert kept.watched == end - START
    if kept.share is not None and kept.worst is not None:
        assert 0 <= kept.worst <= kept.share <= 1
