"""A device of the Cisco kind behind a real SSH server on loopback, which prints what a test wants."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import paramiko  # type: ignore[import-untyped] # its types are a package of their own

USER, PASSWORD, PROMPT = "watcher", "made-up", "sw-kolda#"
_SUCCESSFUL, _FAILED = 0, 2  # paramiko.common: AUTH_SUCCESSFUL and OPEN_SUCCEEDED, AUTH_FAILED


class _Door(paramiko.ServerInterface):  # type: ignore[misc] # likewise
    def check_auth_password(self, username: str, password: str) -> int:
        return _SUCCESSFUL if (username, password) == (USER, PASSWORD) else _FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return _SUCCESSFUL

    def check_channel_pty_request(self, *_: object) -> bool:
        return True

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        return True


class CliDevice:
    """Answers commands from a table; a command that is not in it is invalid."""

    def __init__(self, folder: Path, printed: Mapping[str, str]) -> None:
        self.printed = dict(printed)
        self._key = paramiko.ECDSAKey.generate()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.host_keys = folder / "known_hosts"
        self.host_keys.write_text(f"[127.0.0.1]:{self.port} {self._key.get_name()} {self._key.get_base64()}\n")
        self._transports: list[paramiko.Transport] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            self._transports.append(transport)
            transport.add_server_key(self._key)
            try:
                transport.start_server(server=_Door())
            except (paramiko.SSHException, OSError, EOFError):  # the client does not trust us, or left
                continue
            threading.Thread(target=self._serve, args=(transport,), daemon=True).start()

    def _serve(self, transport: paramiko.Transport) -> None:
        channel = transport.accept(10)
        if channel is not None:
            with contextlib.suppress(OSError, EOFError):  # the client left in the middle of an answer
                self._converse(channel)

    def _converse(self, channel: paramiko.Channel) -> None:
        channel.sendall(f"\r\n{PROMPT}".encode())
        typed = b""
        while received := channel.recv(1024):
            typed += received
            while b"\n" in typed or b"\r" in typed:
                line, _, typed = typed.replace(b"\r\n", b"\n").replace(b"\r", b"\n").partition(b"\n")
                channel.sendall(self._answer(line.decode().strip()).encode())

    def _answer(self, command: str) -> str:
        if not command:
            return f"\r\n{PROMPT}"
        invalid = "% Invalid input detected at '^' marker.\n"
        printed = "" if command.startswith("terminal") else self.printed.get(command, invalid)
        body = printed.replace("\n", "\r\n")
        return f"{command}\r\n{body}{PROMPT}"

    def stop(self) -> None:
        """Close every connection and the port."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for transport in self._transports:
            transport.close()
        self._thread.join()


@contextmanager
def cli_device(folder: Path, printed: Mapping[str, str]) -> Iterator[CliDevice]:
    """Yield a device that listens."""
    device = CliDevice(folder, printed)
    try:
        yield device
    finally:
        device.stop()
