"""A site's authority and control's key, replaced in real guests that go on working meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest

from provisioner import pki, places
from provisioner.adapters.ansible import HostResult
from provisioner.centre.health import wait_until_well
from provisioner.centre.journal import Journal
from provisioner.centre.rotate_ssh import rotate
from tests.roles.conftest import GUESTS, Bench, bench, converged

pytestmark = [pytest.mark.roles, pytest.mark.long]
__all__ = ["bench", "converged"]  # pytest finds fixtures by their names here


def test_the_authority_is_replaced_in_three_converges_and_the_service_answers_after_each(
    bench: Bench, converged: Mapping[str, HostResult]
) -> None:
    folder = places.site("kedougou").pki
    steps: tuple[Callable[[], None], ...] = (
        lambda: pki.trust_next(folder, bench.centre.domain, datetime.now(UTC)),
        lambda: pki.sign_by_next(folder),
        lambda: pki.forget_former(folder),
    )
    before = (folder / "ca.pem").read_bytes()

    for number, step in enumerate(steps):
        step()
        results = {**bench.converge(bench.centre, "gateway"), **bench.converge(bench.centre, *GUESTS)}
        assert {name: one.problem for name, one in results.items() if not one.converged} == {}, number
        for guest in bench.centre.guests:
            wait_until_well(bench.way(), guest, 60.0)
        bench.record(f"essai autorité {number}")

    assert before not in (folder / "ca.pem").read_bytes()
    assert pki.replacement(folder) is pki.Replacement.NONE


def test_controls_key_is_replaced_and_the_old_one_opens_nothing(bench: Bench, converged: Mapping[str, HostResult]) -> None:
    kept = places.site("kedougou").ssh_key
    old = kept.read_bytes()

    rotate(bench.way(), Journal("kedougou", "test", lambda _line: None))
    new = kept.read_bytes()
    guest = bench.centre.guests[0]

    assert bench.way().run(guest, "cat ~/.ssh/authorized_keys").splitlines() == [kept.with_suffix(".pub").read_text().strip()]
    assert not kept.with_name(f"{kept.name}.next").exists()
    places.write(kept, old)
    assert bench.way().attempt(guest, "true").status != 0
    places.write(kept, new)
    assert bench.way().attempt(guest, "true").status == 0
