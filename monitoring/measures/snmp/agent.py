"""One SNMP agent over gufo-snmp: the session is kept, and made anew after a failure (v3 agents that rebooted need it)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Protocol

from gufo.snmp import Aes128Key, Sha256Key, SnmpAuthError, SnmpError, SnmpVersion, User
from gufo.snmp.aio import SnmpSession

from monitoring.credentials import Community, UserSecrets
from monitoring.measures.failures import DeviceError, Reason
from monitoring.measures.optics.light import Value
from monitoring.measures.snmp.budget import Budget

log = logging.getLogger(__name__)

OIDS_AT_ONCE = 30  # an answer of 30 dates still fits one packet of 1 500 bytes
_UNDERSTOOD = (SnmpError, OSError, RuntimeError, ValueError)
_MOST_ROWS = 20_000  # of a column: an agent that never ends must not fill our memory


class Agent(Protocol):
    """What a poll needs of a device."""

    async def get(self, oids: Sequence[str]) -> Mapping[str, Value]:
        """Return the values of these OIDs; those that are not there are left out. Raises DeviceError."""

    async def column(self, oid: str) -> Mapping[str, Value]:
        """Return a column by the rest of its OID. Never of an OLT. Raises DeviceError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for one answer, and how often to ask again."""

    seconds: float = 2.0
    attempts: int = 2


class SnmpAgent:
    """An agent at an address. Not for two polls at the same moment: `get` lets them queue."""

    def __init__(self, address: IPv4Address, credential: Community | UserSecrets, budget: Budget, patience: Patience = Patience()) -> None:
        self._address = address
        self._credential = credential
        self._budget = budget
        self._patience = patience
        self._session: SnmpSession | None = None
        self._turn = asyncio.Lock()
        self.requests = 0

    async def get(self, oids: Sequence[str]) -> Mapping[str, Value]:
        """Return the values of these OIDs, asked in requests of a size that fits a packet."""
        async with self._turn:
            if len(oids) <= OIDS_AT_ONCE:
                return await self._ask(oids)
            found: dict[str, Value] = {}
            for start in range(0, len(oids), OIDS_AT_ONCE):
                found |= await self._ask(oids[start : start + OIDS_AT_ONCE])
            return found

    async def _ask(self, oids: Sequence[str]) -> Mapping[str, Value]:
        attempt = 1
        while True:
            if wait := self._price():
                await asyncio.sleep(wait)
            try:
                return await (self._session or await self._open()).get_many(oids)
            except _UNDERSTOOD as error:
                self._session = None
                told = _told(error)
                if told.reason is not Reason.TIMEOUT or attempt == self._patience.attempts:
                    raise told from error
            attempt += 1

    async def column(self, oid: str) -> Mapping[str, Value]:
        """Return a column by index, read with GETBULK."""
        found: dict[str, Value] = {}
        async with self._turn:
            await asyncio.sleep(self._price())
            try:
                session = self._session or await self._open()
                async for rows, (name, value) in _numbered(session.getbulk(oid)):
                    if rows > _MOST_ROWS:
                        raise ValueError(oid)
                    found[name.removeprefix(f"{oid}.")] = value
            except _UNDERSTOOD as error:
                self._session = None
                raise _told(error) from error
        return found

    def _price(self) -> float:
        """Return how long to wait before one more request."""
        self.requests += 1
        return self._budget.spend(asyncio.get_running_loop().time())

    async def _open(self) -> SnmpSession:
        session = self._new()
        await session.refresh()  # v3: learns the engine's id, boots and time; nothing else otherwise
        self._session = session
        return session

    def _new(self) -> SnmpSession:
        match self._credential:
            case Community(community=community, port=port):
                return SnmpSession(
                    str(self._address), port=port, community=community, version=SnmpVersion.v2c, timeout=self._patience.seconds
                )
            case UserSecrets(user=name, auth=auth, priv=priv, port=port):
                user = User(name, auth_key=Sha256Key(auth.encode()), priv_key=Aes128Key(priv.encode()))
                return SnmpSession(str(self._address), port=port, user=user, version=SnmpVersion.v3, timeout=self._patience.seconds)


async def _numbered(rows: AsyncIterator[tuple[str, Value]]) -> AsyncIterator[tuple[int, tuple[str, Value]]]:
    number = 0
    async for row in rows:
        number += 1
        yield number, row


def _told(error: Exception) -> DeviceError:
    """Return what gufo-snmp raises in our words."""
    match error:
        case TimeoutError():
            return DeviceError(Reason.TIMEOUT)
        case SnmpAuthError():
            return DeviceError(Reason.AUTHENTICATION, str(error))
        case ConnectionRefusedError():
            return DeviceError(Reason.REFUSED)
        case OSError():
            return DeviceError(Reason.NETWORK, str(error))
        case _:
            return DeviceError(Reason.RUBBISH, f"{type(error).__name__}: {error}")
