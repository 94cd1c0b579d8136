"""The software-defined network: what is written waits for the apply, and then carries guests' cards."""

from __future__ import annotations

from provisioner.lab.proxmox.installer import database
from provisioner.lab.proxmox.segments import bridges_of, segment
from provisioner.lab.proxmox.store import Store
from tests.unit.lab_proxmox_core.client import Api

SDN = "/cluster/sdn"


def _build(api: Api) -> None:
    api.data("POST", f"{SDN}/zones", zone="zvlan", type="vlan", bridge="vmbr0", nodes="pve1")
    api.data("POST", f"{SDN}/vnets", vnet="vtag", zone="zvlan", tag=110)
    api.data("POST", f"{SDN}/vnets/vtag/subnets", subnet="10.77.0.0/24", type="subnet", gateway="10.77.0.1")


def _in_force(api: Api) -> Store:
    return Store(database(api.root))


def _task(api: Api) -> str:
    upid = api.data("PUT", SDN)
    status = api.data("GET", f"/nodes/pve1/tasks/{upid}/status")
    assert isinstance(status, dict)
    return str(status["exitstatus"])


def test_nothing_is_in_force_before_the_apply(api: Api) -> None:
    _build(api)
    store = _in_force(api)
    assert "vtag" not in bridges_of(store, "pve1")
    assert [row["state"] for row in api.rows("GET", f"{SDN}/vnets", pending=1)] == ["new"]
    assert api.rows("GET", f"{SDN}/vnets", running=1) == []

    assert _task(api) == "OK"
    assert segment(store, "vtag", None) == ("vmbr0", 110)
    assert all("state" not in row for row in api.rows("GET", f"{SDN}/vnets", pending=1))
    store.close()


def test_a_change_shows_what_is_in_force_and_what_waits(api: Api) -> None:
    _build(api)
    _task(api)
    api.data("PUT", f"{SDN}/vnets/vtag", tag=111, alias="new")
    api.data("DELETE", f"{SDN}/vnets/vtag/subnets/zvlan-10.77.0.0-24")

    vnet = api.data("GET", f"{SDN}/vnets/vtag", pending=1)
    assert isinstance(vnet, dict)
    assert (vnet["tag"], vnet["state"], vnet["pending"]) == (110, "changed", {"tag": 111, "alias": "new"})
    (subnet,) = api.rows("GET", f"{SDN}/vnets/vtag/subnets", pending=1)
    assert (subnet["state"], subnet["pending"]) == ("deleted", {})
    _task(api)
    assert api.rows("GET", f"{SDN}/vnets/vtag/subnets", pending=1) == []


def test_what_is_used_or_makes_no_sense_is_refused(api: Api) -> None:
    _build(api)
    refusals = [
        api.call("DELETE", f"{SDN}/zones/zvlan"),
        api.call("DELETE", f"{SDN}/vnets/vtag"),
        api.call("POST", f"{SDN}/vnets", vnet="vtwo", zone="zvlan", tag=110),
        api.call("POST", f"{SDN}/vnets", vnet="vtwo", zone="zvlan"),
        api.call("POST", f"{SDN}/zones", zone="zx", type="vxlan", peers="10.0.0.1"),
        api.call("POST", f"{SDN}/vnets/vtag/subnets", subnet="10.78.0.0/24", type="subnet", gateway="10.1.1.1"),
    ]

    assert [answer.status_code for answer in refusals] == [500] * 6
    assert refusals[0].reason.startswith("delete sdn zone object failed: zone zvlan is used by vnet vtag")
    assert refusals[4].reason == "create sdn zone object failed: the lab carries no zones of type 'vxlan'"
    assert len(api.rows("GET", f"{SDN}/vnets")) == 1


def test_a_firewall_rule_may_name_a_networks_subnets(api: Api) -> None:
    _build(api)
    _task(api)
    api.data("POST", "/cluster/firewall/groups", group="web")

    assert api.call("POST", "/cluster/firewall/groups/web", type="in", action="ACCEPT", source="+vtag-all").status_code == 200
    assert "+vtag-all" in [row["ref"] for row in api.rows("GET", "/cluster/firewall/refs")]


def test_a_lock_keeps_others_out_and_a_rollback_forgets_what_waits(api: Api) -> None:
    _build(api)
    assert api.call("POST", f"{SDN}/lock").reason == "configuration has pending changes"
    _task(api)
    token = api.data("POST", f"{SDN}/lock")
    assert api.call("POST", f"{SDN}/zones", zone="other", type="simple").reason == "sdn configuration is currently locked!"
    api.data("POST", f"{SDN}/zones", **{"zone": "other", "type": "simple", "lock-token": token})

    api.data("POST", f"{SDN}/rollback", **{"lock-token": token})
    assert [row["zone"] for row in api.rows("GET", f"{SDN}/zones")] == ["zvlan"]
    api.data("POST", f"{SDN}/zones", zone="other", type="simple")
