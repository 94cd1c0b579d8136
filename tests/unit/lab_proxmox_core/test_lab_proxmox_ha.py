"""High availability keeps guests in the state that was asked for."""

from __future__ import annotations

from provisioner.lab.proxmox.server import add_node
from tests.unit.lab_proxmox_core.client import PASSWORD, Api

RESOURCES = "/cluster/ha/resources"


def _guest(api: Api, vmid: int = 100) -> None:
    assert api.task("POST", "/nodes/pve1/qemu", vmid=vmid, net0="virtio,bridge=vmbr0", **_DISK) == "OK"


_DISK = {"scsi0": "local:1"}


def _power(api: Api, node: str = "pve1") -> object:
    status = api.data("GET", f"/nodes/{node}/qemu/100/status/current")
    assert isinstance(status, dict)
    return status["status"]


def test_a_managed_guest_is_started_and_stopped_as_asked(with_image: Api) -> None:
    _guest(with_image)
    with_image.data("POST", RESOURCES, sid="vm:100", state="started", max_restart=2)
    assert _power(with_image) == "running"
    with_image.data("PUT", f"{RESOURCES}/vm:100", state="stopped")
    assert _power(with_image) == "stopped"

    (row,) = with_image.rows("GET", RESOURCES)
    assert (row["sid"], row["state"], row["max_restart"], row["max_relocate"]) == ("vm:100", "stopped", 2, 1)


def test_a_start_by_hand_is_the_state_from_then_on(with_image: Api) -> None:
    _guest(with_image)
    with_image.data("POST", RESOURCES, sid="100", state="stopped")
    with_image.data("POST", "/nodes/pve1/qemu/100/status/start")

    kept = with_image.data("GET", f"{RESOURCES}/100")
    assert isinstance(kept, dict)
    assert kept["state"] == "started"
    services = [row for row in with_image.rows("GET", "/cluster/ha/status/current") if row["type"] == "service"]
    assert [(row["sid"], row["state"], row["request_state"]) for row in services] == [("vm:100", "started", "started")]


def test_a_managed_guest_goes_only_with_purge(with_image: Api) -> None:
    _guest(with_image)
    with_image.data("POST", RESOURCES, sid="vm:100", state="stopped")
    assert with_image.call("DELETE", "/nodes/pve1/qemu/100").status_code == 500

    assert with_image.task("DELETE", "/nodes/pve1/qemu/100", purge=1) == "OK"
    assert with_image.rows("GET", RESOURCES) == []


def test_a_running_guest_on_shared_storage_migrates(with_image: Api) -> None:
    add_node(with_image.root, "pve2", PASSWORD)
    with_image.data("PUT", "/storage/local", shared=1)
    _guest(with_image)
    with_image.data("POST", RESOURCES, sid="vm:100", state="started")
    assert with_image.data("POST", f"{RESOURCES}/vm:100/migrate", node="pve2") == {"sid": "vm:100", "requested-node": "pve2"}

    assert _power(with_image, "pve2") == "running"


def test_rules_need_what_their_type_needs(api: Api) -> None:
    rules = "/cluster/ha/rules"
    bad = api.call("POST", rules, rule="away", type="resource-affinity", resources="vm:100,vm:101")
    assert bad.json()["errors"] == {"affinity": "missing value for required option 'affinity'"}
    api.data("POST", rules, rule="away", type="resource-affinity", affinity="negative", resources="vm:100,vm:101")
    api.data("PUT", f"{rules}/away", type="resource-affinity", comment="apart")

    (row,) = api.rows("GET", rules)
    assert (row["affinity"], row["comment"], row["order"]) == ("negative", "apart", 1)
    assert api.call("GET", "/cluster/ha/groups").reason == "cannot index groups: ha groups have been migrated to rules"
