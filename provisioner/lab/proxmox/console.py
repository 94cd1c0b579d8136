"""Consoles of a guest over a web socket: its serial line as termproxy speaks it, its screen as VNC (RFC 6143).

A ticket opens one console once, within 40 s, as on Proxmox. The client of a serial line first says `user:ticket`, hears
`OK`, then sends `0:LENGTH:DATA` for keys, `1:COLUMNS:ROWS:` for a size and `2` to stay; what the guest says comes as it is.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import WSMsgType, web

_FIRST_PORT, _LAST_PORT = 5900, 5999  # Proxmox's own range
_TICKET_SECONDS = 40.0
_CHUNK = 1 << 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A console that a ticket was given out for."""

    vmid: int
    user: str
    ticket: str
    socket: Path
    serial: bool  # else VNC
    until: float  # monotonic seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What a web socket is joined with."""

    port: int
    console: Opened


class Consoles:
    """The consoles that tickets were given out for, by port."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._open: dict[int, Opened] = {}

    def open(self, vmid: int, user: str, socket: Path, *, serial: bool) -> tuple[int, str]:
        """Return a port and a ticket for a console; those that nobody used in time are forgotten."""
        now, ticket = time.monotonic(), f"PVEVNC:{int(time.time()):08X}::{secrets.token_urlsafe(48)}"
        with self._lock:
            self._open = {port: one for port, one in self._open.items() if one.until > now}
            port = next(port for port in range(_FIRST_PORT, _LAST_PORT + 1) if port not in self._open)
            self._open[port] = Opened(vmid=vmid, user=user, ticket=ticket, socket=socket, serial=serial, until=now + _TICKET_SECONDS)
        return port, ticket

    def take(self, port: int, ticket: str, vmid: int) -> Channel | None:
        """Return the console behind a port, once; None if ticket or guest is another's, or it is too late."""
        with self._lock:
            found = self._open.get(port)
            fits = found is not None and secrets.compare_digest(found.ticket, ticket) and found.vmid == vmid
            if found is None or not fits or found.until < time.monotonic():
                return None
            del self._open[port]
        return Channel(port=port, console=found)


@asynccontextmanager
async def _joined(socket: Path) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect to a socket by its folder's descriptor: a socket's path has 107 bytes at most (unix(7))."""
    folder = os.open(socket.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        reader, writer = await asyncio.open_unix_connection(f"/proc/self/fd/{folder}/{socket.name}")
    finally:
        os.close(folder)
    try:
        yield reader, writer
    finally:
        writer.close()


class Keys:
    """Takes what a terminal's client sends apart; pieces may come in any cut."""

    def __init__(self) -> None:
        """Begin at the start of a message."""
        self._kept = b""

    def take(self, piece: bytes) -> Iterator[bytes]:
        """Yield the keys that are whole."""
        self._kept += piece
        while self._kept:
            kind, rest = self._kept[:1], self._kept[1:]
            if kind == b"0":
                head, colon, data = rest.removeprefix(b":").partition(b":")
                if not colon or len(data) < int(head):
                    return
                yield data[: int(head)]
                self._kept = data[int(head) :]
            elif kind == b"1":
                parts = rest.removeprefix(b":").split(b":", 2)
                if len(parts) < 3:  # noqa: PLR2004  columns, rows, what follows
                    return
                self._kept = parts[2]
            else:
                self._kept = rest


async def _from_guest(reader: asyncio.StreamReader, socket: web.WebSocketResponse) -> None:
    while data := await reader.read(_CHUNK):
        await socket.send_bytes(data)


async def _to_guest(writer: asyncio.StreamWriter, socket: web.WebSocketResponse, keys: Keys | None) -> None:
    async for message in socket:
        if message.type not in (WSMsgType.BINARY, WSMsgType.TEXT):
            return
        raw = message.data if isinstance(message.data, bytes) else str(message.data).encode()
        for part in (raw,) if keys is None else keys.take(raw):
            writer.write(part)
        await writer.drain()


async def bridge(request: web.BaseRequest, channel: Channel) -> web.StreamResponse:
    """Join a web socket with a console until one of them ends."""
    socket = web.WebSocketResponse(protocols=("binary",))
    await socket.prepare(request)
    one = channel.console
    if one.serial:
        said = await socket.receive_bytes(timeout=_TICKET_SECONDS)
        if said.decode(errors="replace").strip() != f"{one.user}:{one.ticket}":
            await socket.close()
            return socket
        await socket.send_bytes(b"OK")
    async with _joined(one.socket) as (reader, writer):
        pumps = [
            asyncio.create_task(_from_guest(reader, socket)),
            asyncio.create_task(_to_guest(writer, socket, Keys() if one.serial else None)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
    await socket.close()
    return socket
