"""This machine's disk fills while the engine writes what it did: the next run, with room, ends as it should."""

from __future__ import annotations

import pytest

from provisioner import places
from provisioner.centre import infrastructure
from provisioner.errors import OutsideError
from tests.lab.conftest import Recorded, recorded, state
from tests.lab.disks import fill, small
from tests.lab.killing import SITE, whole

pytestmark = [pytest.mark.lab, pytest.mark.long]
__all__ = ["recorded", "state"]  # pytest finds fixtures by their names here


def test_a_disk_that_fills_midway_is_told_and_the_next_run_goes_on(recorded: Recorded) -> None:
    with small(places.stacks(), "1m") as grow:
        full, told = places.stacks() / "full", list[str]()

        def hear(line: str) -> None:
            if "create VmLegacy" in line and not full.exists():
                fill(full)
            told.append(line)

        with pytest.raises(OutsideError, match=r"no space left on device \(hint: make room on this machine's disk"):
            infrastructure.apply(SITE, "up", hear)
        grow("16m")
        full.unlink()

        whole(recorded)
