"""Consoles over a web socket: a ticket opens one once, keys reach the guest, what it says comes back."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from aiohttp import WSServerHandshakeError

from provisioner.lab.guests.driver import Console
from provisioner.lab.guests.record import RecordDriver, RecordSwitch
from provisioner.lab.proxmox.console import Keys
from provisioner.lab.proxmox.server import Server, add_node
from tests.unit.lab_proxmox_core import console_client
from tests.unit.lab_proxmox_core.client import PASSWORD, SECRET, TOKEN, Api, give_token
from tests.unit.lab_proxmox_core.console_client import Caller

GUEST = "/nodes/pve1/qemu/100"
GREETING = b"hello\n"


class WithConsoles(RecordDriver):
    """Recorded guests with a line that greets and then echoes in capitals."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._path = folder / "line"
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(self._path))
        self._server.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._server.accept()
            except OSError:
                return
            with line:
                line.sendall(GREETING)
                while data := line.recv(4096):
                    line.sendall(data.upper())

    def console_socket(self, node: str, vmid: int, console: Console) -> Path:
        return self._path

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    root = tmp_path / "lab"
    add_node(root, "pve1", PASSWORD)
    give_token(root, TOKEN, SECRET, privsep=0)
    driver = WithConsoles(tmp_path)
    with Server(root, driver, RecordSwitch(), 0, failure_delay=0.0) as server, requests.Session() as session:
        session.trust_env = False
        session.verify = str(server.ca_file)
        session.headers["Authorization"] = f"PVEAPIToken={TOKEN}={SECRET}"
        found = Api(server, session, root)
        assert found.task("POST", "/nodes/pve1/qemu", vmid=100, name="line", serial0="socket", start=0) == "OK"
        assert found.task("POST", f"{GUEST}/status/start") == "OK"
        yield found
    driver.close()


def opened(api: Api, call: str) -> tuple[int, str]:
    said = api.data("POST", f"{GUEST}/{call}")
    assert isinstance(said, dict)
    return int(said["port"]), str(said["ticket"])


def talk(api: Api, port: int, ticket: str, says: list[bytes], wanted: bytes) -> bytes:
    """Open a console of the guest with the token of the other calls."""
    caller = Caller(
        url=f"{api.server.url}/api2/json{GUEST}",
        ca_file=api.server.ca_file,
        headers={"Authorization": f"PVEAPIToken={TOKEN}={SECRET}"},
    )
    return console_client.talk(caller, port, ticket, says, wanted)


def test_a_serial_line_takes_keys_and_gives_what_the_guest_says(api: Api) -> None:
    port, ticket = opened(api, "termproxy")
    heard = talk(api, port, ticket, [f"root@pam:{ticket}\n".encode(), b"1:80:24:", b"0:3:who", b"2", b"0:4:ami\n"], b"WHOAMI\n")

    assert heard == b"OK" + GREETING + b"WHOAMI\n"


def test_a_screen_is_joined_byte_by_byte(api: Api) -> None:
    port, ticket = opened(api, "vncproxy")

    assert talk(api, port, ticket, [b"0:3:raw"], b"RAW") == GREETING + b"0:3:RAW"


def test_a_ticket_opens_one_console_once(api: Api) -> None:
    port, ticket = opened(api, "vncproxy")
    talk(api, port, ticket, [], GREETING)

    with pytest.raises(WSServerHandshakeError) as refused:
        talk(api, port, ticket, [], GREETING)
    assert refused.value.status == 401


@pytest.mark.parametrize("wrong", ["", "PVEVNC:00000000::guessed"])
def test_without_its_ticket_no_console_opens(api: Api, wrong: str) -> None:
    port, _ticket = opened(api, "vncproxy")

    with pytest.raises(WSServerHandshakeError):
        talk(api, port, wrong, [], GREETING)


def test_a_line_whose_client_does_not_say_the_ticket_is_closed(api: Api) -> None:
    port, ticket = opened(api, "termproxy")

    assert talk(api, port, ticket, [b"root@pam:guessed\n"], GREETING) == b""


def test_a_guest_without_a_serial_interface_or_that_is_stopped_has_no_console(api: Api) -> None:
    assert api.call("POST", f"{GUEST}/termproxy", serial="serial1").reason == "unable to find a serial interface"
    assert api.task("POST", f"{GUEST}/status/stop") == "OK"

    assert api.call("POST", f"{GUEST}/vncproxy").reason == "VM 100 not running"


@pytest.mark.parametrize("cut", range(1, 12))
def test_keys_are_whole_however_they_are_cut(cut: int) -> None:
    keys, sent = Keys(), b"0:5:a:b0c1:80:24:20:1:d"

    found = [*keys.take(sent[:cut]), *keys.take(sent[cut:])]

    assert b"".join(found) == b"a:b0cd"
