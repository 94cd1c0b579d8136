"""`teranga lab`, `teranga node` and `teranga bundle` as a person runs them, as far as nothing need stand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provisioner import places
from provisioner.cli.main import main
from provisioner.lab import access
from provisioner.lab.guests.chosen import Kind, chosen
from provisioner.lab.guests.driver import Machine
from provisioner.lab.guests.record import RecordDriver
from provisioner.lab.proxmox.installer import add_node, database
from provisioner.lab.proxmox.store import Store
from provisioner.places import CHECKOUT

VMID = 101601


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERANGA_STATE", str(tmp_path))
    monkeypatch.setenv("TERANGA_INVENTORY", str(CHECKOUT / "inventory"))


@pytest.fixture
def guest() -> None:
    """A recorded guest that the API's store knows, though no API runs."""
    add_node(access.root(), "pve-kedougou", "correct horse")
    store = Store(database(access.root()))
    store.put("guest", str(VMID), {"node": "pve-kedougou", "config": {"name": "kedougou-gateway"}, "pending": {}})
    store.close()
    places.write(places.lab() / "sites" / "kedougou.json", '{"site": "kedougou", "node": "pve-kedougou", "bridge": "vmbr1"}')
    machine = Machine(
        node="pve-kedougou",
        vmid=VMID,
        name="kedougou-gateway",
        uuid="",
        cores=1,
        memory=2**29,
        disk=None,
        disk_size=0,
        nics=(),
        cloud_init=None,
        agent=True,
    )
    RecordDriver(places.lab() / "recorded.json").start(machine)


def test_the_status_of_no_lab_says_how_to_have_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "status"]) == 0

    assert "hint: teranga lab up SITE" in capsys.readouterr().out


def test_the_status_is_a_table_for_people_and_json_for_programs(guest: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "status"]) == 0
    table = capsys.readouterr().out
    assert main(["lab", "status", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)

    assert [line.split()[:5] for line in table.splitlines() if "kedougou-gateway" in line] == [
        [str(VMID), "kedougou-gateway", "pve-kedougou", "record", "running"]
    ]
    assert (said["api"]["pid"], said["sites"], said["guests"][0]["vmid"]) == (None, ["kedougou"], VMID)


def test_a_guest_is_killed_by_any_of_its_names(guest: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "fault", "guest", "kedougou/gateway", "--kill"]) == 0
    assert main(["lab", "fault", "guest", str(VMID), "--clear"]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "lab: kedougou-gateway: power cut",
        "lab: kedougou-gateway: it is stopped; `teranga up` starts it",
    ]


def test_a_nodes_trouble_is_made_listed_and_cleared(guest: None, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("node", "kedougou", "--error", "500", "--times", "3"), ("list",), ("node", "kedougou", "--clear"), ("list",)):
        assert main(["lab", "fault", *words]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "lab: node pve-kedougou: answers 500 (3 more times)",
        "node pve-kedougou: answers 500 (3 more times)",
        "lab: node pve-kedougou: answers as always",
        "no fault is in force",
    ]


@pytest.mark.parametrize(
    "words",
    [
        ("link", "kedougou"),
        ("link", "kedougou", "--cut", "--delay", "3"),
        ("link", "kedougou", "--loss", "101"),
        ("guest", "kedougou/gateway"),
        ("guest", "kedougou/gateway", "--kill", "--freeze"),
        ("node", "kedougou"),
        ("node", "kedougou", "--error", "404"),
        ("node", "kedougou", "--delay", "1", "--clear"),
        ("node", "kedougou", "--error", "500", "--times", "0"),
    ],
)
def test_a_fault_that_is_not_said_clearly_is_refused(guest: None, words: tuple[str, ...]) -> None:
    assert main(["lab", "fault", *words]) == 2


def test_what_a_recorded_guest_lacks_is_said(guest: None, capsys: pytest.CaptureFixture[str]) -> None:
    asked = (("shell", "kedougou/gateway"), ("console", str(VMID)), ("fault", "guest", str(VMID), "--freeze"), ("shell", "nobody"))

    assert [main(["lab", *words]) for words in asked] == [1, 1, 1, 1]
    said = capsys.readouterr().err
    assert all(words in said for words in ("no inside", "no console", "nothing to freeze", "kedougou-gateway"))


@pytest.mark.parametrize(("driver", "status"), [("vmware", 2), ("nobody=qemu", 2)])
def test_a_driver_or_guest_that_does_not_exist_is_refused_before_anything_is_made(driver: str, status: int) -> None:
    assert main(["lab", "up", "kedougou", "--driver", driver]) == status

    assert not places.lab().exists()
    assert chosen(places.lab(), "pve-kedougou", VMID) is Kind.NSPAWN


def test_nothing_is_served_before_something_is_prepared(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["node", "serve"]) == 1
    assert main(["node", "install", "kedougou", "--url", "https://10.64.16.250:8443"]) == 1
    assert main(["node", "quarantine"]) == 0

    said = capsys.readouterr()
    assert "teranga node install SITE" in said.err
    assert "`disks` is not written" in said.err
    assert said.out == "no machine is in quarantine\n"


def test_a_bundle_needs_a_target_a_key_and_a_file_that_is_there(tmp_path: Path) -> None:
    assert main(["bundle", "kedougou"]) == 2
    assert main(["bundle", "verify"]) == 2
    assert main(["bundle", "verify", str(tmp_path / "missing.bundle")]) == 1
    assert main(["bundle", "apply", str(tmp_path / "missing.bundle")]) == 1
