"""The lab shown to people: its page, the choice of drivers, what QEMU is started with, trouble on demand."""

from __future__ import annotations

import http.client
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner import places
from provisioner.lab.fault import Fault, in_words
from provisioner.lab.fault_relay import Line
from provisioner.lab.guests import qemu_accel, qemu_argv
from provisioner.lab.guests.chosen import ChosenDriver, Kind, choose, chosen
from provisioner.lab.guests.driver import Machine, Nic, Power, blank
from provisioner.lab.guests.record import RecordDriver
from provisioner.lab.page import duration, html
from provisioner.lab.page_server import PageServer
from provisioner.lab.proxmox import trouble
from provisioner.lab.proxmox.trouble import Trouble
from provisioner.lab.standing import Guest, Standing

GUEST = Guest(vmid=101601, name="kedougou-<b>", node="pve-kedougou", driver="qemu", state="running", uptime=75, memory=2**28)
STANDING = Standing(
    prefix="t0000",
    pid=1,
    port=8006,
    page=None,
    sites=("kedougou",),
    guests=(GUEST,),
    faults=(Fault(kind="link", subject="kedougou VLAN 900", what="cut"),),
    namespaces=(),
)


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERANGA_STATE", str(tmp_path))


def test_the_page_tells_guests_and_faults_and_escapes_what_others_wrote() -> None:
    page = html(STANDING)

    assert "kedougou-&lt;b&gt;" in page
    assert "kedougou VLAN 900</td><td>cut" in page
    assert "1 of 1 guests run" in page
    assert "<script" not in page


@pytest.mark.parametrize(("seconds", "words"), [(3, "3 s"), (75, "1 min"), (3900, "1 h 05"), (90_000, "1 d 1 h")])
def test_a_duration_is_said_as_people_say_it(seconds: int, words: str) -> None:
    assert duration(seconds) == words


def _get(port: int, path: str, host: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_the_page_is_served_to_this_machine_and_to_no_other_name() -> None:
    with PageServer() as server:
        own = _get(server.port, "/", f"127.0.0.1:{server.port}")
        foreign = _get(server.port, "/", f"elsewhere.example:{server.port}")
        missing = _get(server.port, "/etc/passwd", f"localhost:{server.port}")

    assert (own[0], "Teranga: the lab" in own[1]) == (200, True)
    assert foreign[0] == 421
    assert missing[0] == 404


def test_a_guests_driver_is_its_own_choice_else_its_nodes_else_nspawn() -> None:
    choose(places.lab(), "pve-kedougou", Kind.RECORD)
    choose(places.lab(), 101602, Kind.QEMU)

    assert chosen(places.lab(), "pve-kedougou", 101601) is Kind.RECORD
    assert chosen(places.lab(), "pve-kedougou", 101602) is Kind.QEMU
    assert chosen(places.lab(), "pve-dahra", 101701) is Kind.NSPAWN


def test_a_guest_that_runs_stays_with_its_driver_when_the_choice_changes() -> None:
    choose(places.lab(), "pve-kedougou", Kind.RECORD)
    ChosenDriver(places.lab()).start(replace(MACHINE, node="pve-kedougou"))
    choose(places.lab(), "pve-kedougou", Kind.QEMU)
    driver = ChosenDriver(places.lab())

    assert driver.kind("pve-kedougou", MACHINE.vmid) is Kind.RECORD
    driver.stop(blank(MACHINE.vmid, "pve-kedougou"))
    assert driver.status("pve-kedougou", MACHINE.vmid).power is Power.STOPPED
    assert driver.kind("pve-kedougou", MACHINE.vmid) is Kind.QEMU


MACHINE = Machine(
    node="pve-essai",
    vmid=101601,
    name="essai-registre",
    uuid="00000000-0000-4000-8000-000000101601",
    cores=2,
    memory=2**30,
    disk=Path("/srv/images/a,b.qcow2"),
    disk_size=2**32,
    nics=(Nic(index=0, mac="02:54:00:10:01:01", bridge="vmbr1", vlan=20), Nic(index=1, mac="02:54:00:10:01:02", bridge="vmbr1", vlan=30)),
    cloud_init=None,
    agent=True,
)


def test_recorded_guests_live_on_when_the_process_ends(tmp_path: Path) -> None:
    RecordDriver(tmp_path / "recorded.json").start(MACHINE)

    again = RecordDriver(tmp_path / "recorded.json")

    assert again.status("pve-essai", 101601).power is Power.RUNNING
    assert [one.mac for one in again.interfaces("pve-essai", 101601)] == ["02:54:00:10:01:01", "02:54:00:10:01:02"]


def test_qemu_gets_the_configurations_devices_and_a_tap_per_card() -> None:
    words = qemu_argv.argv(MACHINE, qemu_argv.Box(accelerator="tcg", taps=("p1", "p2"), seed=True))

    assert "file=/srv/images/a,,b.qcow2,if=none,id=disk,format=qcow2,discard=on" in words
    assert "virtio-net-pci,netdev=net1,id=card1,mac=02:54:00:10:01:02,romfile=" in words
    assert "tap,id=net1,ifname=p2,script=no,downscript=no" in words
    assert [word for word in words if "pflash" in word] == []


def test_qemu_starts_a_uefi_machine_with_variables_of_its_own() -> None:
    words = qemu_argv.argv(replace(MACHINE, firmware="ovmf", nics=()), qemu_argv.Box(accelerator="tcg", taps=(), seed=False))

    assert words[words.index("-machine") + 1] == "q35"
    assert [word for word in words if word.endswith("file=variables.fd")] == ["if=pflash,format=raw,unit=1,file=variables.fd"]
    assert not [word for word in words if "seed" in word]


def test_the_trial_of_an_accelerator_is_a_boot_sector() -> None:
    sector = qemu_accel.boot_sector()

    assert (len(sector), sector[-2:]) == (512, b"\x55\xaa")


def test_trouble_is_of_one_node_or_of_every_call_and_is_counted(tmp_path: Path) -> None:
    trouble.make(tmp_path, "pve-kedougou", Trouble(status=500, left=1))
    trouble.make(tmp_path, "pve-dahra", Trouble(delay=2.0))

    assert trouble.of(tmp_path, ["cluster", "resources"]) is None
    assert trouble.of(tmp_path, ["nodes", "pve-kedougou", "qemu"]) == Trouble(status=500, left=1)
    assert trouble.of(tmp_path, ["nodes", "pve-kedougou", "qemu"]) is None
    assert in_words(trouble.read(tmp_path)["pve-dahra"]) == "answers 2 s late"
    trouble.make(tmp_path, "pve-dahra", None)
    trouble.make(tmp_path, "all", Trouble(status=596))
    assert trouble.of(tmp_path, ["access", "ticket"]) == Trouble(status=596)


def test_a_long_line_hands_frames_over_in_order_when_they_are_due() -> None:
    line = Line(delay=0.2, loss=0.0, seed=1)
    line.take(b"first", 4, now=10.0)
    line.take(b"second", 5, now=10.1)

    assert line.due(10.19) == []
    assert line.due(10.2) == [(4, b"first")]
    assert line.due(10.4) == [(5, b"second")]


def test_the_same_seed_loses_the_same_frames() -> None:
    lines = [Line(delay=0.0, loss=0.5, seed=7) for _ in range(2)]
    for line in lines:
        for number in range(100):
            line.take(bytes([number]), 1, now=0.0)

    kept = [[frame for _, frame in line.due(0.0)] for line in lines]

    assert kept[0] == kept[1]
    assert 30 < len(kept[0]) < 70
