"""Devices without SNMP, through a real SSH session: what is read, whom we trust, what we say when we cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from monitoring.book import Book
from monitoring.credentials import Login
from monitoring.measures.cli.poll import CliPoll
from monitoring.measures.failures import DeviceError, Reason
from monitoring.observed import Validity
from monitoring.topology import Family
from tests.lab.cli_device import PASSWORD, USER, CliDevice, cli_device
from tests.unit.monitoring_measures.test_command_lines import CISCO

pytestmark = [pytest.mark.lab, pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")]
PORTS = ("GigabitEthernet1/0/49", "TenGigabitEthernet1/1/3")


@pytest.fixture
def device(tmp_path: Path) -> Iterator[CliDevice]:
    with cli_device(tmp_path, {"show interfaces transceiver": CISCO}) as made:
        yield made


def login(device: CliDevice) -> Login:
    return Login(user=USER, password=PASSWORD, host_keys=device.host_keys, port=device.port)


def poll(login: Login, book: Book | None = None) -> Reason | None:
    made = CliPoll("sw-kolda", Family.CISCO, PORTS, IPv4Address("127.0.0.1"), login, Book() if book is None else book)
    try:
        asyncio.run(made.run())
    except DeviceError as error:
        return error.reason
    return None


def test_ports_are_read_under_our_names_and_odd_rows_are_counted(device: CliDevice) -> None:
    book = Book()

    assert poll(login(device), book) is None
    assert {port: (one.rx_dbm, one.validity) for (_, port, _), one in book.optics.items()} == {
        "GigabitEthernet1/0/49": (-7.1, Validity.OK),
        "TenGigabitEthernet1/1/3": (None, Validity.NO_LIGHT),
    }
    assert book.unknown_rows == {"sw-kolda": 1}


def test_a_stranger_with_another_key_is_not_trusted(device: CliDevice, tmp_path: Path) -> None:
    nobody = tmp_path / "nobody"
    nobody.write_text("")

    assert poll(replace(login(device), host_keys=nobody)) is not None


def test_a_wrong_password_is_told_as_such(device: CliDevice) -> None:
    assert poll(replace(login(device), password="wrong")) is Reason.AUTHENTICATION


def test_a_device_that_knows_no_such_command_is_rubbish(device: CliDevice) -> None:
    device.printed.clear()

    assert poll(login(device)) is Reason.RUBBISH


def test_nobody_at_the_port(device: CliDevice) -> None:
    assert poll(replace(login(device), port=1)) in {Reason.TIMEOUT, Reason.NETWORK, Reason.REFUSED}
