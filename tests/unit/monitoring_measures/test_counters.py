"""Counters that wrap, reboot, jump and go missing: the sum that we tell never falls and never leaps."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as some

from monitoring.measures.optics.light import Value
from monitoring.measures.snmp.counters import LinkReading, Tally, advance, link_reading, rebooted

WIDE, NARROW = 64, 32


def totals(raws: list[int], bits: int, anew: tuple[int, ...] = ()) -> list[int]:
    tally, found = None, []
    for place, raw in enumerate(raws):
        tally = advance(tally, raw, bits=bits, anew=place in anew)
        assert tally is not None
        found.append(tally.total)
    return found


def test_a_narrow_counter_wraps() -> None:
    assert totals([4_294_967_000, 200], NARROW) == [4_294_967_000, 4_294_967_496]


def test_after_a_reboot_a_counter_adds_what_it_has() -> None:
    assert totals([5000, 40, 90], WIDE, anew=(1,)) == [5000, 5040, 5090]
    assert totals([4_294_967_000, 200], NARROW, anew=(1,)) == [4_294_967_000, 4_294_967_200], "a reboot is no wrap"


def test_a_reboot_after_which_the_counter_is_already_higher_is_seen() -> None:
    assert totals([40, 5000], WIDE, anew=(1,)) == [40, 5040]


def test_a_wide_counter_that_falls_began_anew() -> None:
    assert totals([5000, 40], WIDE) == [5000, 5040]


def test_a_missing_value_keeps_the_sum() -> None:
    assert advance(Tally(raw=5, total=9), None, bits=WIDE, anew=False) == Tally(raw=5, total=9)
    assert advance(None, None, bits=WIDE, anew=False) is None


@given(some.lists(some.tuples(some.integers(0, 2**32 - 1), some.booleans()), min_size=1), some.sampled_from([WIDE, NARROW]))
def test_a_sum_never_falls(steps: list[tuple[int, bool]], bits: int) -> None:
    anew = tuple(place for place, (_, again) in enumerate(steps) if again)
    found = totals([raw for raw, _ in steps], bits, anew)

    assert found == sorted(found)


@pytest.mark.parametrize(
    ("before", "now", "elapsed", "again"),
    [
        (100_000, 106_000, 60, False),
        (100_000, 500, 60, True),
        (4_294_966_000, 4_704, 60, False),  # sysUpTime itself wraps after 497 days
        (4_294_966_000, 300_000, 60, True),
        (100_000, 106_000, 3600, False),
    ],
)
def test_a_reboot_is_told_from_a_wrap_of_the_clock(before: int, now: int, elapsed: float, again: bool) -> None:
    assert rebooted(before, now, elapsed) is again


def read(more: Mapping[str, Value] | None = None, before: LinkReading | None = None, at: float = 0.0) -> LinkReading | None:
    usual: dict[str, Value] = {"uptime": 100_000, "status": 1, "in": 1000, "out": 2000, "in_errors": 1, "out_errors": 2, "speed": 1000}
    return link_reading(device="sw-1", port="ether1", at=at, values={**usual, **(more or {})}, before=before)


def test_an_interface_is_read_in_base_units() -> None:
    link = read()

    assert link is not None
    assert (link.up, link.bytes_per_second, link.received) == (True, 125_000_000.0, Tally(raw=1000, total=1000))


def test_a_discontinuity_is_a_new_beginning_though_the_device_did_not_reboot() -> None:
    link = read({"uptime": 106_000, "discontinuity": 105_000, "in": 1500}, before=read(), at=60.0)

    assert link is not None
    assert link.received == Tally(raw=1500, total=2500)


def test_an_old_agent_has_narrow_counters_only() -> None:
    first = read({"in": None, "narrow_in": 4_294_967_000})
    second = read({"uptime": 106_000, "in": None, "narrow_in": 200}, before=first, at=60.0)

    assert second is not None
    assert second.received == Tally(raw=200, total=4_294_967_496)


@pytest.mark.parametrize(("status", "up"), [(1, True), (2, False), (7, False), (5, None), (3, None)])
def test_states_of_an_interface(status: int, up: bool | None) -> None:
    link = read({"status": status})

    assert link is not None
    assert link.up is up


def test_no_row_is_no_reading() -> None:
    assert read({"status": None}) is None
    assert read({"uptime": None}) is None
    assert read({"uptime": "rubbish"}) is None
