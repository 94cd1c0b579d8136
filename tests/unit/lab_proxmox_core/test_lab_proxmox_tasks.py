"""Tasks: their UPID, status, log and list."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from provisioner.lab.proxmox.access import Identity
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.store import Store
from provisioner.lab.proxmox.tasks import Log, Tasks
from tests.unit.lab_proxmox_core.client import Api

TOKEN = Identity(user="root@pam", token="trial")


def test_a_task_shows_user_and_token_apart_and_ends_with_its_log(api: Api) -> None:
    upid = api.data("POST", "/nodes/pve1/qemu", vmid=100)
    assert isinstance(upid, str)
    parts = upid.split(":")
    assert (len(parts), parts[5:8]) == (9, ["qmcreate", "100", "root@pam!trial"])

    status = api.data("GET", f"/nodes/pve1/tasks/{upid.replace('!', '%21')}/status")
    log = api.call("GET", f"/nodes/pve1/tasks/{upid}/log").json()
    listed = api.call("GET", "/nodes/pve1/tasks").json()

    assert isinstance(status, dict)
    assert (status["status"], status["exitstatus"], status["user"], status["tokenid"]) == ("stopped", "OK", "root@pam", "trial")
    assert isinstance(status["pid"], int)
    assert log == {"data": [{"n": 1, "t": "TASK OK"}], "total": 1}
    assert (listed["total"], listed["data"][0]["status"]) == (1, "OK")


@pytest.mark.parametrize(
    ("upid", "text"),
    [
        ("UPID:pve1:00000001:00000001:00000001:qmstart:100:root@pam:", "no such task"),
        ("nonsense", "unable to parse worker upid 'nonsense'"),
    ],
)
def test_an_unknown_task_is_400(api: Api, upid: str, text: str) -> None:
    assert api.call("GET", f"/nodes/pve1/tasks/{upid}/status").json()["errors"] == {"upid": text}


def test_what_a_task_raises_becomes_its_exit_status(tmp_path: Path) -> None:
    store = Store(tmp_path / "pve.db")
    tasks = Tasks(store)

    def fail(log: Log) -> None:
        log("trying")
        raise Failure.of("VM 1 already running")

    upid = tasks.run("pve1", TOKEN, "qmstart", "1", fail)

    assert tasks.find(upid).exitstatus == "VM 1 already running"
    assert [line["t"] for line in tasks.lines(upid)] == ["trying", "TASK ERROR: VM 1 already running"]
    tasks.close()
    store.close()


def test_a_long_task_is_answered_before_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioner.lab.proxmox.tasks._ANSWER_AFTER_SECONDS", 0.05)
    store = Store(tmp_path / "pve.db")
    tasks, release = Tasks(store), threading.Event()

    def wait(_: Log) -> None:
        release.wait(10)

    upid = tasks.run("pve1", TOKEN, "qmstart", "1", wait)
    running = tasks.find(upid).endtime
    release.set()
    tasks.close()

    assert running is None
    assert tasks.find(upid).exitstatus == "OK"
    store.close()


def test_a_task_that_ran_when_the_server_died_is_not_running_for_ever(tmp_path: Path) -> None:
    store = Store(tmp_path / "pve.db")
    first = Tasks(store)
    upid = first._begin("pve1", TOKEN, "qmstart", "1")  # noqa: SLF001  as if killed right here

    second = Tasks(store)

    assert second.find(upid).exitstatus == "unexpected status"
    first.close()
    second.close()
    store.close()
