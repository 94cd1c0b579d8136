"""A change of plan by its meaning: what is added, removed, widened, restarted; equal changes of many sites told once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from provisioner.change.diff_words import EFFECTS, line, summary
from provisioner.change.drift import Drift, Kind
from provisioner.change.fleet import Difference, by_effect, groups, worst
from provisioner.change.plans import Action, Change, Effect, Json, changes
from provisioner.load import load
from provisioner.places import CHECKOUT
from provisioner.plan import build, to_json
from provisioner.plan.plan import Flow, Plan

INVENTORY = load(CHECKOUT / "inventory")


def _plan(site: str = "kedougou") -> Plan:
    return build(INVENTORY, site)


def _tree(plan: Plan) -> dict[str, Json]:
    tree: dict[str, Json] = json.loads(to_json(plan))
    return tree


def _changed(change: Callable[[Plan], Plan], site: str = "kedougou") -> tuple[Change, ...]:
    plan = _plan(site)
    return changes(_tree(plan), _tree(change(plan)))


def _flow(plan: Plan, name: str) -> Flow:
    return next(flow for flow in plan.flows if flow.id == name)


def _with_flow(plan: Plan, old: Flow, new: Flow) -> Plan:
    return replace(plan, flows=tuple(new if flow == old else flow for flow in plan.flows))


def test_the_same_plan_changes_nothing() -> None:
    assert _changed(lambda plan: plan) == ()


def test_a_new_flow_is_one_change_that_opens() -> None:
    def change(plan: Plan) -> Plan:
        return replace(plan, flows=(*plan.flows, replace(_flow(plan, "internet-terminals"), id="video", ports=(8443,))))

    (one,) = _changed(change)

    assert (one.area, one.name, one.action, one.effect) == ("flow", "video", Action.ADDED, Effect.OPENS)
    assert line(one, own=True) == "+ flow video: terminals -> wan tcp/8443 (a connection that was dropped is permitted)"


def test_a_flow_that_goes_closes() -> None:
    (one,) = _changed(lambda plan: replace(plan, flows=tuple(flow for flow in plan.flows if flow.id != "internet-terminals")))

    assert (one.action, one.effect) == (Action.REMOVED, Effect.CLOSES)


@pytest.mark.parametrize(("ports", "effect"), [((80, 443, 8443), Effect.OPENS), ((443,), Effect.CLOSES), ((443, 22), Effect.OPENS)])
def test_a_flow_widened_opens_and_a_flow_narrowed_closes(ports: tuple[int, ...], effect: Effect) -> None:
    def change(plan: Plan) -> Plan:
        flow = _flow(plan, "internet-terminals")
        return _with_flow(plan, flow, replace(flow, ports=ports))

    (one,) = _changed(change)

    assert (one.part, one.effect) == ("ports", effect)


def test_another_reason_of_a_flow_neither_opens_nor_closes() -> None:
    def change(plan: Plan) -> Plan:
        flow = _flow(plan, "internet-terminals")
        return _with_flow(plan, flow, replace(flow, reason="autre"))

    assert [one.effect for one in _changed(change)] == [Effect.CONFIGURES]


def test_more_memory_restarts_the_guest_and_says_both_values() -> None:
    def change(plan: Plan) -> Plan:
        return replace(plan, guests=tuple(replace(guest, memory=4096) if guest.name == "database" else guest for guest in plan.guests))

    (memory,) = _changed(change)
    before = next(guest.memory for guest in _plan().guests if guest.name == "database")

    assert memory.effect is Effect.RESTARTS
    assert line(memory, own=False) == f"~ guest database memory: {before} -> 4096 (the guest restarts)"


def test_a_guest_that_goes_takes_its_records_along() -> None:
    found = _changed(lambda plan: replace(plan, guests=plan.guests[1:]))

    assert worst(found) is Effect.LOSES


def test_an_address_changed_is_told_with_its_values_only_at_one_site() -> None:
    def change(plan: Plan) -> Plan:
        first, *rest = plan.records
        return replace(plan, records=(replace(first, address=first.address + 1), *rest))

    (one,) = _changed(change)

    assert one.effect is Effect.READDRESSES
    assert one.what == ""
    assert "10.65." in line(one, own=True)
    assert "10.65." not in line(one, own=False)


def test_names_in_a_change_do_not_hold_the_sites_own_name() -> None:
    found = _changed(lambda plan: replace(plan, records=(), tunnels=()))

    assert not any("kedougou" in one.name for one in found)


def test_a_plan_of_an_older_format_is_compared_all_the_same() -> None:
    tree = _tree(_plan())
    old = {key: value for key, value in tree.items() if key != "uplinks"}

    assert {(one.area, one.action) for one in changes(old, tree)} == {("uplink", Action.ADDED)}


def test_equal_changes_of_two_sites_are_one_group_and_the_largest_comes_first() -> None:
    def video(plan: Plan) -> Plan:
        return replace(plan, flows=(*plan.flows, replace(_flow(plan, "internet-terminals"), id="video", ports=(8443,))))

    both = [Difference(site=site, changes=_changed(video, site)) for site in ("kedougou", "dahra")]
    other = Difference(site="autre", drifts=(Drift(subject="database", kind=Kind.STOPPED),))
    calm = Difference(site="calme")
    found = groups([other, calm, *both])

    assert [group.sites for group in found] == [("dahra", "kedougou"), ("autre",)]
    assert summary(found[0].like) == "+1 flow"
    assert summary(found[1].like) == "1 changed by hand"


def test_effects_are_counted_the_gravest_first() -> None:
    found = _changed(lambda plan: replace(plan, guests=plan.guests[:-1], title="Autre"))

    assert list(by_effect(found)) == [Effect.LOSES, Effect.CONFIGURES]


def test_each_effect_has_words() -> None:
    assert set(EFFECTS) == set(Effect)
