"""The two sockets of a virtual machine: QEMU's monitor (QMP) and the guest agent's virtio port (QGA). Both speak JSON lines."""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TypeAlias

from provisioner.lab.guests.driver import AgentError, GuestError

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

MONITOR = "qmp"
AGENT = "qga"
_MONITOR_SECONDS = 10.0
_DELIMITER = b"\xff"  # QGA's guest-sync-delimited: what was sent to a client before us ends here
_CHUNK = 1 << 16
NO_AGENT = "QEMU guest agent is not running"


class _Line:
    """A socket that is read line by line, with a deadline over all reads."""

    def __init__(self, channel: socket.socket, seconds: float) -> None:
        self._channel = channel
        self._deadline = monotonic() + seconds
        self._kept = b""

    def send(self, raw: bytes) -> None:
        self._channel.sendall(raw)

    def until(self, end: bytes) -> bytes:
        """Return what comes before `end`; raise OSError at the deadline or when the other side is gone."""
        while end not in self._kept:
            self._channel.settimeout(max(0.01, self._deadline - monotonic()))
            more = self._channel.recv(_CHUNK)
            if not more:
                raise ConnectionResetError("the other side closed the channel")
            self._kept += more
        found, _, self._kept = self._kept.partition(end)
        return found


@contextmanager
def _connected(home: Path, name: str, seconds: float) -> Iterator[_Line]:
    """Connect to a socket of a guest's folder; by the folder's descriptor, since a socket's path has 107 bytes at most (unix(7))."""
    folder = os.open(home, os.O_PATH | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX) as channel:
            channel.settimeout(seconds)
            channel.connect(f"/proc/self/fd/{folder}/{name}")
            yield _Line(channel, seconds)
    finally:
        os.close(folder)


def _words(call: str, arguments: Mapping[str, Json]) -> bytes:
    return json.dumps({"execute": call} | ({"arguments": dict(arguments)} if arguments else {})).encode() + b"\n"


def _answer(line: bytes) -> Mapping[str, Json]:
    found = json.loads(line)
    return found if isinstance(found, dict) else {}


def _refusal(answer: Mapping[str, Json]) -> str:
    error = answer.get("error")
    return str(error.get("desc")) if isinstance(error, dict) else ""


def monitor(home: Path, call: str, arguments: Mapping[str, Json] | None = None) -> Json:
    """Return what QEMU's monitor answers; raise GuestError if it refuses or does not answer."""
    try:
        with _connected(home, MONITOR, _MONITOR_SECONDS) as line:
            line.until(b"\n")  # its greeting
            for said in (_words("qmp_capabilities", {}), _words(call, arguments or {})):
                line.send(said)
                while "return" not in (answer := _answer(line.until(b"\n"))) and "error" not in answer:
                    continue  # events of the machine
    except (OSError, ValueError) as error:
        raise GuestError(f"QEMU's monitor does not answer: {error}") from error
    if refusal := _refusal(answer):
        raise GuestError(refusal)
    return answer.get("return")


def agent(home: Path, call: str, arguments: Mapping[str, Json] | None = None, *, seconds: float = 10.0, silent: bool = False) -> Json:
    """Return what the guest's agent answers; raise AgentError if it refuses or does not answer. `silent`: a call without an answer."""
    token = secrets.randbelow(1 << 31)
    try:
        with _connected(home, AGENT, seconds) as line:
            line.send(_DELIMITER + _words("guest-sync-delimited", {"id": token}))
            while _answer(line.until(_DELIMITER) and line.until(b"\n")).get("return") != token:
                continue
            line.send(_words(call, arguments or {}))
            answer: Mapping[str, Json] = {} if silent else _answer(line.until(b"\n"))
    except (OSError, ValueError) as error:
        raise AgentError(NO_AGENT) from error
    if refusal := _refusal(answer):
        raise AgentError(refusal)
    return answer.get("return")
