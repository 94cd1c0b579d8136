"""A client of the API's consoles: opens the web socket of a ticket as a browser does."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientSession, ClientTimeout, WSMsgType


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls: the guest's address in the API, the pinned certificate, the headers of a login."""

    url: str  # https://host:port/api2/json/nodes/N/qemu/V
    ca_file: Path
    headers: Mapping[str, str]


async def _talk(caller: Caller, port: int, ticket: str, says: list[bytes], wanted: bytes) -> bytes:
    context = ssl.create_default_context(cafile=str(caller.ca_file))
    asked = {"port": str(port), "vncticket": ticket}
    heard = b""
    async with ClientSession(timeout=ClientTimeout(total=60)) as session:
        try:
            async with session.ws_connect(
                f"{caller.url}/vncwebsocket", params=asked, headers=caller.headers, ssl=context, protocols=("binary",)
            ) as line:
                for words in says:
                    await line.send_bytes(words)
                while wanted not in heard and (message := await line.receive()).type is WSMsgType.BINARY:
                    heard += message.data
        finally:
            await session.close()
            await asyncio.sleep(0.1)  # TLS connections end some turns of the loop after they were closed
    return heard


def talk(caller: Caller, port: int, ticket: str, says: list[bytes], wanted: bytes) -> bytes:
    """Open a console and return what was heard until `wanted`, or until the other side closed."""
    return asyncio.run(_talk(caller, port, ticket, says, wanted))
