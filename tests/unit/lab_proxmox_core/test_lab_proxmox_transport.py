"""Paths, bodies, methods and headers are read as Proxmox reads them."""

from __future__ import annotations

import ssl
import time

import pytest
import requests

from provisioner.lab.guests.record import RecordDriver, RecordSwitch
from provisioner.lab.proxmox.server import Server, add_node
from provisioner.lab.proxmox.transport import segments
from tests.unit.lab_proxmox_core.client import PASSWORD, Api


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api2/json/version", ["version"]),
        ("/api2/json//version/", ["version"]),
        ("/api2/json/content/local:iso%2Fx.iso?a=1", ["content", "local:iso/x.iso"]),
        ("/api2/json/tasks/UPID:a%21b:/log", ["tasks", "UPID:a!b:", "log"]),
    ],
)
def test_a_path_is_split_before_it_is_decoded(path: str, expected: list[str]) -> None:
    assert segments(path) == expected


def test_trailing_and_doubled_slashes_reach_the_same_call(api: Api) -> None:
    assert api.data("GET", "//version/") == api.data("GET", "/version")


@pytest.mark.parametrize(("method", "path"), [("GET", "/nope"), ("POST", "/version"), ("DELETE", "/nodes"), ("GET", "/cluster/nope/x")])
def test_an_unknown_call_is_501_and_names_itself(api: Api, method: str, path: str) -> None:
    answer = api.call(method, path)

    assert answer.status_code == 501
    assert answer.reason == f"Method '{method} {path}' not implemented"
    assert answer.json() == {"data": None, "message": answer.reason}


@pytest.mark.parametrize("method", ["PATCH", "OPTIONS"])
def test_an_unknown_method_is_501_without_a_body(api: Api, method: str) -> None:
    answer = api.call(method, "/version")

    assert (answer.status_code, answer.reason, answer.content) == (501, f"method '{method}' not available", b"")


def test_an_unknown_node_is_a_failed_lookup(api: Api) -> None:
    answer = api.call("GET", "/nodes/other/qemu")

    assert answer.status_code == 500
    assert answer.reason.startswith("hostname lookup 'other' failed - failed to get address info for: other:")


def test_every_wrong_parameter_is_named_at_once(api: Api) -> None:
    answer = api.call("POST", "/nodes/pve1/qemu", vmid="5", cores="0", onboot="True", bogus="1", net0="bridge=vmbr0")

    assert (answer.status_code, answer.reason) == (400, "Parameter verification failed.")
    assert answer.json()["errors"] == {
        "vmid": "invalid format - value does not look like a valid VM ID\n",
        "cores": "value must have a minimum value of 1",
        "onboot": "type check ('boolean') failed - got 'True'",
        "bogus": "property is not defined in schema and the schema does not allow additional properties",
        "net0": "invalid format - format error\nnet0.model: property is missing and it is not optional\n",
    }


def test_a_path_parameter_repeated_with_another_value_is_refused(api: Api) -> None:
    answer = api.call("PUT", "/nodes/pve1/qemu/990/config", vmid="991")

    assert answer.json()["errors"] == {"vmid": "duplicate parameter (already defined in URI) with conflicting values!"}


def test_a_json_body_may_hold_true(api: Api) -> None:
    url = f"{api.server.url}/api2/json/nodes/pve1/qemu"

    answer = api.session.post(url, json={"vmid": 971, "name": "js", "onboot": True}, timeout=20)

    assert answer.status_code == 200
    assert api.config(971)["onboot"] == 1


def test_a_body_of_another_type_is_506_and_broken_json_500(api: Api) -> None:
    url = f"{api.server.url}/api2/json/nodes/pve1/qemu"

    plain = api.session.post(url, data="vmid=972", headers={"Content-Type": "text/plain"}, timeout=20)
    broken = api.session.post(url, data='{"vmid":', headers={"Content-Type": "application/json"}, timeout=20)

    assert (plain.status_code, plain.reason) == (506, "upload 'Content-Type 'text/plain' not implemented")
    assert (broken.status_code, broken.content) == (500, b"")


def test_headers_are_those_of_proxmox(api: Api) -> None:
    headers = api.call("GET", "/version").headers

    assert headers["Content-Type"] == "application/json;charset=UTF-8"
    assert headers["Server"] == "pve-api-daemon/3.0"
    assert headers["Expires"] == headers["Date"]


def test_tls_below_1_3_is_refused(api: Api) -> None:
    import socket

    context = ssl.create_default_context(cafile=str(api.server.ca_file))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", api.server.port)) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain, server_hostname="localhost")


def test_a_refused_login_takes_its_time(tmp_path: object, api: Api) -> None:
    root = api.root.parent / "slow"
    add_node(root, "pve1", PASSWORD)
    with Server(root, RecordDriver(), RecordSwitch(), 0, failure_delay=0.5) as server:
        began = time.monotonic()
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(f"{server.url}/api2/json/version", verify=str(server.ca_file), timeout=20)

    assert answer.status_code == 401
    assert time.monotonic() - began >= 0.5


def test_state_survives_a_restart_and_a_node_can_join_a_running_lab(api: Api) -> None:
    assert api.task("POST", "/nodes/pve1/qemu", vmid=100, name="kept") == "OK"
    add_node(api.root, "pve2", PASSWORD)
    assert [row["node"] for row in api.rows("GET", "/nodes")] == ["pve1", "pve2"]
    api.server.stop()

    with Server(api.root, RecordDriver(), RecordSwitch(), 0, failure_delay=0.0) as again:
        rows = api.session.get(f"{again.url}/api2/json/nodes/pve1/qemu", timeout=20).json()["data"]

    assert [row["name"] for row in rows] == ["kept"]
