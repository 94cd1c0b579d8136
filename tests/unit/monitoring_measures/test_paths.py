"""A path with a host behind its router: the better of the two counts, since routers police ICMP."""

from __future__ import annotations

import pytest

from monitoring.measures.paths import path_samples, path_states
from monitoring.observed import PathSample, PathState, Reach

UP, DOWN, UNKNOWN = Reach.UP, Reach.DOWN, Reach.UNKNOWN


def state(reach: Reach, since: float) -> PathState:
    return PathState(site="dahra", path="fibre", reach=reach, since=since)


@pytest.mark.parametrize(
    ("router", "behind", "reach", "since"),
    [
        (UP, UP, UP, 10.0),
        (DOWN, UP, UP, 20.0),
        (UP, DOWN, UP, 10.0),
        (DOWN, DOWN, DOWN, 20.0),
        (DOWN, UNKNOWN, UNKNOWN, 20.0),
        (UNKNOWN, UP, UP, 20.0),
    ],
)
def test_a_path_is_what_its_better_host_is(router: Reach, behind: Reach, reach: Reach, since: float) -> None:
    (found,) = path_states([state(router, 10.0), state(behind, 20.0)])

    assert (found.reach, found.since) == (reach, since)


def test_a_path_lost_what_its_better_host_lost() -> None:
    def sample(sent: int, lost: int) -> PathSample:
        return PathSample(site="dahra", path="fibre", at=60.0, sent=sent, lost=lost)

    assert path_samples([sample(60, 30), sample(60, 0)]) == (sample(60, 0),)
    assert path_samples([sample(60, 3), sample(0, 0)]) == (sample(60, 3),)
