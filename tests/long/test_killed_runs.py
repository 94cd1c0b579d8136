"""A run that is killed, wherever it was: the next one ends in the same state. The real engine, plugin and API; guests in name."""

from __future__ import annotations

import os
import random
import time

import pytest

from tests.lab.conftest import Recorded, recorded, state
from tests.lab.killing import DESTROY, UP, after, at_line, boundaries, nothing, whole

pytestmark = [pytest.mark.lab, pytest.mark.long]
__all__ = ["recorded", "state"]  # pytest finds fixtures by their names here

MOMENTS = int(os.environ.get("TERANGA_KILLS", "30"))
SEED = 20261125


def test_up_and_destroy_killed_at_every_boundary_end_as_they_should(recorded: Recorded) -> None:
    ups = boundaries(at_line(recorded, UP, lambda _line: False))
    destroys = boundaries(at_line(recorded, DESTROY, lambda _line: False))
    nothing(recorded)
    assert len(ups) > 20
    assert len(destroys) > 20

    for number in range(max(len(ups), len(destroys))):
        moment = ups[number % len(ups)]
        at_line(recorded, UP, lambda line, moment=moment: moment in line)  # type: ignore[misc]  # bound at once
        whole(recorded)
        moment = destroys[number % len(destroys)]
        at_line(recorded, DESTROY, lambda line, moment=moment: moment in line)  # type: ignore[misc]  # likewise
        nothing(recorded)


def test_up_and_destroy_killed_at_random_moments_end_as_they_should(recorded: Recorded) -> None:
    began = time.monotonic()
    assert at_line(recorded, UP, lambda _line: False).ended
    up_seconds, began = time.monotonic() - began, time.monotonic()
    assert at_line(recorded, DESTROY, lambda _line: False).ended
    destroy_seconds = time.monotonic() - began
    chance = random.Random(SEED)  # noqa: S311  the same moments each time, no secret

    for _moment in range(MOMENTS):
        after(recorded, UP, chance.uniform(0.2, up_seconds))
        whole(recorded)
        after(recorded, DESTROY, chance.uniform(0.2, destroy_seconds))
        nothing(recorded)
