"""Nobody loses a guest without naming it: what the stack has and the plan has no more, or has elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioner.centre.loss import refuse_unnamed
from provisioner.errors import FindingError
from provisioner.load import load
from provisioner.places import CHECKOUT
from provisioner.plan import build
from provisioner.plan.plan import Plan

GUEST = "proxmoxve:index/vmLegacy:VmLegacy"


@pytest.fixture(scope="module")
def kedougou() -> Plan:
    return build(load(CHECKOUT / "inventory"), "kedougou")


def checkpoint(of: Plan) -> dict[str, object]:
    """Return the state of a stack that stands as planned; numbers are floats there."""
    stack = {"type": "pulumi:pulumi:Stack", "urn": "urn:pulumi:kedougou::teranga::pulumi:pulumi:Stack::teranga-kedougou"}
    guests = [
        {
            "type": GUEST,
            "urn": f"urn:pulumi:kedougou::teranga::{GUEST}::{guest.name}",
            "outputs": {"vmId": float(guest.vmid), "nodeName": of.node},
        }
        for guest in of.guests
    ]
    return {"resources": [stack, *guests]}


def test_a_site_as_planned_loses_nothing(kedougou: Plan) -> None:
    refuse_unnamed(kedougou, checkpoint(kedougou), ())
    refuse_unnamed(kedougou, {}, ())


def test_a_service_taken_out_is_a_guest_lost(kedougou: Plan) -> None:
    smaller = replace(kedougou, guests=tuple(guest for guest in kedougou.guests if guest.name != "recettes"))

    with pytest.raises(FindingError, match=r"kedougou/recettes: .*would be deleted.*--lose recettes") as error:
        refuse_unnamed(smaller, checkpoint(kedougou), ())

    assert len(error.value.problems) == 1
    refuse_unnamed(smaller, checkpoint(kedougou), ["recettes"])


def test_another_slot_is_every_guest_lost_and_all_are_told_at_once(kedougou: Plan) -> None:
    moved = replace(kedougou, guests=tuple(replace(guest, vmid=guest.vmid + 100) for guest in kedougou.guests))

    with pytest.raises(FindingError) as error:
        refuse_unnamed(moved, checkpoint(kedougou), ["gateway"])

    assert {problem.where for problem in error.value.problems} == {
        f"kedougou/{guest.name}" for guest in kedougou.guests if guest.name != "gateway"
    }


def test_another_node_is_every_guest_lost(kedougou: Plan) -> None:
    with pytest.raises(FindingError, match="the guest on pve-kedougou would be deleted"):
        refuse_unnamed(replace(kedougou, node="pve-other"), checkpoint(kedougou), ())
