"""What `drift` finds inside a guest makes the next `up` converge it; what it finds outside does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provisioner import places
from provisioner.centre import drift as verb
from provisioner.centre import look
from provisioner.centre.drift import State, drift
from provisioner.change.drift import Declared, Kind, drifts
from provisioner.errors import ApiError, Problem
from provisioner.observed.site import SeenInside, SeenSite
from provisioner.plan.plan import Plan


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TERANGA_STATE", str(tmp_path))
    return places.site("kedougou").observed / "converged.json"


def _inside(*units: tuple[str, str], ruleset: str | None = None) -> SeenSite:
    return SeenSite(site="kedougou", machines=(), inside=(SeenInside(guest="recettes", ruleset=ruleset, units=dict(units)),))


def _found(seen: SeenSite, plan: Plan) -> set[tuple[Kind, str]]:
    declared = Declared(firewalls={}, rulesets={"recettes": "a" * 64}, units={"recettes": ("nginx.service",)})
    return {(one.kind, one.part) for one in drifts(plan, seen, declared) if one.kind is not Kind.DELETED}


@pytest.fixture
def plan() -> Plan:
    from provisioner.centre.desired import plan as plan_of

    return plan_of("kedougou")


def test_a_unit_that_is_not_active_is_drift(plan: Plan) -> None:
    assert _found(_inside(("nginx.service", "failed")), plan) == {(Kind.UNIT, "nginx.service")}
    assert _found(_inside(("nginx.service", "active")), plan) == set()
    assert _found(_inside(), plan) == {(Kind.UNIT, "nginx.service")}


def test_a_ruleset_that_cannot_be_read_is_not_called_drift(plan: Plan) -> None:
    assert _found(_inside(("nginx.service", "active"), ruleset=None), plan) == set()
    assert _found(_inside(("nginx.service", "active"), ruleset="b" * 64), plan) == {(Kind.RULESET, "/etc/nftables.conf")}


def test_a_guest_that_drifted_inside_is_marked_for_the_next_up_and_the_others_stay(state: Path) -> None:
    before = {"gateway": ["wanted", "seen"], "recettes": ["wanted", "seen"]}
    places.write(state, json.dumps(before))
    verb._mark("kedougou", ["recettes", "unknown"])  # noqa: SLF001  its file is the contract with converge

    assert json.loads(state.read_text()) == {"gateway": ["wanted", "seen"], "recettes": ["wanted", "drifted"]}


def test_the_last_look_is_kept_with_its_time_and_an_unknown_one_is_not(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_plan: Plan) -> SeenSite:
        raise ApiError(Problem(where="pve-kedougou", what="the API does not answer"))

    monkeypatch.setattr(look, "outside", broken)
    verdict = drift("kedougou")

    assert (verdict.state, verb.last("kedougou")) == (State.UNKNOWN, None)


def test_every_role_of_a_guest_has_its_units(plan: Plan) -> None:
    wanted = {guest.name: look.units(plan, guest) for guest in plan.guests}

    assert "tunnel@wg-fibre-1.service" in wanted["gateway"]
    assert "postgresql.service" in wanted["database"]
    assert {"recettes.service", "nginx.service"} <= set(wanted["recettes"])
    assert all("nftables.service" in units for units in wanted.values())
