"""Reading a router's or switch's interfaces: counters and state, keyed by ifName."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from monitoring.book import Book
from monitoring.measures.failures import DeviceError, Reason
from monitoring.measures.optics.light import Value
from monitoring.measures.optics.moments import SYSTEM_DATE, moment
from monitoring.measures.snmp import counters, indexes
from monitoring.measures.snmp.agent import Agent


class LinkPoll:
    """The interfaces of one device."""

    def __init__(self, device: str, ports: Sequence[str], agent: Agent, book: Book) -> None:
        self._device = device
        self._ports = tuple(ports)
        self._agent = agent
        self._book = book
        self._rows: Mapping[str, str] = {}

    async def run(self) -> None:
        """Read every interface; look for its row anew if the device has renumbered. Raises DeviceError."""
        if not self._rows:
            await self._find()
        try:
            await self._read()
        except DeviceError as error:
            if error.reason is not Reason.RENUMBERED:
                raise
            await self._find()
            await self._read()

    async def _find(self) -> None:
        self._rows = indexes.rows(await self._agent.column(indexes.IF_NAME), self._ports)
        if not self._rows:
            raise DeviceError(Reason.NOT_FOUND, f"no interface is named {' or '.join(self._ports)}")

    async def _read(self) -> None:
        asked = {f"{column}.{row}": (port, name) for port, row in self._rows.items() for name, column in _columns().items()}
        asked_at = time.time()
        answers = await self._agent.get([counters.UPTIME, SYSTEM_DATE, *asked])
        at = time.time()
        theirs = moment(answers.get(SYSTEM_DATE))
        if theirs is not None:
            self._book.clocks[self._device] = theirs - (asked_at + at) / 2
        by_port: dict[str, dict[str, Value]] = {port: {"uptime": answers.get(counters.UPTIME)} for port in self._rows}
        for oid, (port, name) in asked.items():
            by_port[port][name] = answers.get(oid)
        if any(indexes.name_of(values["name"]) != port for port, values in by_port.items()):
            self._rows = {}
            raise DeviceError(Reason.RENUMBERED)
        for port, values in by_port.items():
            key = (self._device, port)
            reading = counters.link_reading(device=self._device, port=port, at=at, values=values, before=self._book.links.get(key))
            if reading is not None:
                self._book.links[key] = reading


def _columns() -> Mapping[str, str]:
    return counters.COLUMNS | {f"narrow_{name}": column for name, column in counters.NARROW.items()}
