"""A node starts its guests in their order; a card of a running guest is put elsewhere at once."""

from __future__ import annotations

import pytest

from tests.unit.lab_proxmox_core.client import Api

QEMU = "/nodes/pve1/qemu"


def _guest(api: Api, vmid: int, **config: object) -> None:
    assert api.task("POST", QEMU, vmid=vmid, scsi0="local:1", **config) == "OK"


def _running(api: Api) -> set[object]:
    return {row["vmid"] for row in api.rows("GET", QEMU) if row["status"] == "running"}


def _log(api: Api, upid: object) -> list[str]:
    return [str(row["t"]) for row in api.rows("GET", f"/nodes/pve1/tasks/{upid}/log")]


@pytest.fixture
def guests(with_image: Api) -> Api:
    """Three guests that start with the node, in another order than their numbers, and one that does not."""
    wanted: dict[int, dict[str, object]] = {
        100: {"onboot": 1, "startup": "order=3"},
        101: {"onboot": 1},
        102: {"onboot": 1, "startup": "order=1,up=0"},
        103: {"onboot": 0},
    }
    for vmid, config in wanted.items():
        _guest(with_image, vmid, **config)
    return with_image


def test_a_node_starts_those_that_say_so_in_their_order(guests: Api) -> None:
    upid = guests.data("POST", "/nodes/pve1/startall")

    assert _running(guests) == {100, 101, 102}
    assert _log(guests, upid)[:3] == ["Starting VM 102", "Starting VM 100", "Starting VM 101"]


def test_all_stop_in_the_reverse_order(guests: Api) -> None:
    guests.data("POST", "/nodes/pve1/startall", force=1)
    assert _running(guests) == {100, 101, 102, 103}
    upid = guests.data("POST", "/nodes/pve1/stopall")

    assert _running(guests) == set()
    assert _log(guests, upid)[0] == "Stopping VM 103"


def test_only_the_named_ones_start(guests: Api) -> None:
    guests.data("POST", "/nodes/pve1/startall", vms="103")

    assert _running(guests) == {103}


def test_a_running_guests_card_changes_its_link_at_once_but_not_its_model(with_image: Api) -> None:
    _guest(with_image, 100, net0="virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=5")
    with_image.data("POST", f"{QEMU}/100/status/start")
    with_image.data("PUT", f"{QEMU}/100/config", net0="virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=6,link_down=1")
    assert with_image.config(100, current=1)["net0"] == "virtio=BC:24:11:00:00:01,bridge=vmbr0,link_down=1,tag=6"

    with_image.data("PUT", f"{QEMU}/100/config", net0="e1000=BC:24:11:00:00:01,bridge=vmbr0,tag=6")
    assert str(with_image.config(100, current=1)["net0"]).startswith("virtio=")
    assert str(with_image.config(100)["net0"]).startswith("e1000=")
