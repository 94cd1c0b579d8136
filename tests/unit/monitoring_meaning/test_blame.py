"""The smallest set of failed segments: against every subset on small graphs, against plain enumeration on large ones."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from monitoring.incidents.blame import Blame, blame

SEGMENTS = 9


def every_smallest(down: list[int], good: int) -> set[frozenset[int]]:
    """Return all smallest sets that explain what can be explained, by trying every subset in order of size."""
    left = [path & ~good for path in down if path & ~good]
    for size in range(SEGMENTS + 1):
        found = {
            frozenset(chosen)
            for chosen in combinations(range(SEGMENTS), size)
            if all(any(path >> one & 1 for one in chosen) for path in left)
        }
        if found:
            return found
    raise AssertionError


def answers(found: Blame) -> list[tuple[int, ...]]:
    return [suspect.numbers() for suspect in found.suspects]


paths = st.lists(st.integers(min_value=1, max_value=2**SEGMENTS - 1), max_size=12)


@given(down=paths, good=st.integers(min_value=0, max_value=2**SEGMENTS - 1))
def test_it_is_a_smallest_explanation(down: list[int], good: int) -> None:
    found = blame(down, good, [1.0] * SEGMENTS)

    assert found.exact
    assert frozenset(suspect.numbers()[0] for suspect in found.suspects) in every_smallest(down, good)


@given(down=paths, good=st.integers(min_value=0, max_value=2**SEGMENTS - 1))
def test_any_of_twins_explains_as_much(down: list[int], good: int) -> None:
    found = blame(down, good, [1.0] * SEGMENTS)
    smallest = every_smallest(down, good)
    first = [suspect.numbers()[0] for suspect in found.suspects]

    for position, suspect in enumerate(found.suspects):
        for twin in suspect.numbers():
            assert frozenset([*first[:position], twin, *first[position + 1 :]]) in smallest


@given(down=paths, good=st.integers(min_value=0, max_value=2**SEGMENTS - 1))
def test_unique_means_that_no_other_smallest_explanation_does_without(down: list[int], good: int) -> None:
    found = blame(down, good, [1.0] * SEGMENTS)
    smallest = every_smallest(down, good)

    for suspect in found.suspects:
        assert suspect.unique == all(other & set(suspect.numbers()) for other in smallest)


@given(down=paths, good=st.integers(min_value=0, max_value=2**SEGMENTS - 1))
def test_a_segment_in_use_is_never_blamed(down: list[int], good: int) -> None:
    found = blame(down, good, [1.0] * SEGMENTS)

    assert not any(suspect.bits & good for suspect in found.suspects)
    assert list(found.unexplained) == [position for position, path in enumerate(down) if not path & ~good]


def test_a_trunk_explains_what_seventy_drops_would() -> None:
    down = [1 | 1 << drop for drop in range(1, 71)]

    assert answers(blame(down, 0, [1.0] * 71)) == [(0,)]


def test_segments_that_nothing_tells_apart_come_together() -> None:
    found = blame([0b0111], 0b0001, [1.0, 5.0, 9.0, 1.0])

    assert answers(found) == [(1, 2)]
    assert found.suspects[0].unique


def test_nothing_down_blames_nobody() -> None:
    assert blame([], 0, []) == Blame(suspects=(), unexplained=(), exact=True)
