"""What drift sees inside real guests: their units by SSH, their rulesets as written; and what is no longer so."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

import pytest

from provisioner.adapters import ansible
from provisioner.centre import look
from provisioner.change.drift import Declared, Kind, drifts
from provisioner.observed.site import SeenInside, SeenSite
from provisioner.plan.plan import Guest
from tests.roles.conftest import SERVICE, Bench

pytestmark = pytest.mark.roles


def _guest(bench: Bench, name: str) -> Guest:
    return next(guest for guest in bench.centre.guests if guest.name == name)


def _units(bench: Bench, name: str) -> Mapping[str, str]:
    guest = _guest(bench, name)
    found = look.states(bench.way(), guest, look.units(bench.centre, guest))
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["gateway", "database", SERVICE])
def test_every_unit_that_drift_asks_for_is_active_after_converge(
    bench: Bench, converged: Mapping[str, ansible.HostResult], name: str
) -> None:
    assert set(_units(bench, name).values()) == {"active"}


@pytest.mark.parametrize("name", ["gateway", "database", SERVICE])
def test_the_ruleset_in_a_guest_is_the_one_that_drift_declares(
    bench: Bench, converged: Mapping[str, ansible.HostResult], name: str
) -> None:
    written = bench.read(bench.centre, name, look.RULESET)

    assert written == look.ruleset(bench.centre, _guest(bench, name))


def test_a_service_that_was_stopped_and_a_ruleset_that_was_edited_are_drift(
    bench: Bench, converged: Mapping[str, ansible.HostResult]
) -> None:
    guest = _guest(bench, SERVICE)
    bench.inside(bench.centre, SERVICE, "sudo systemctl stop nginx.service")
    try:
        units = look.states(bench.way(), guest, look.units(bench.centre, guest))
    finally:
        bench.inside(bench.centre, SERVICE, "sudo systemctl start nginx.service")
    edited = sha256(b"flush ruleset\n").hexdigest()
    seen = SeenSite(site=bench.centre.site, machines=(), inside=(SeenInside(guest=SERVICE, ruleset=edited, units=units),))
    declared = look.declared(bench.centre)
    found = drifts(bench.centre, seen, Declared(firewalls={}, rulesets=declared.rulesets, units=declared.units))

    assert {(one.kind, one.part) for one in found if one.kind is not Kind.DELETED} == {
        (Kind.UNIT, "nginx.service"),
        (Kind.RULESET, look.RULESET),
    }
