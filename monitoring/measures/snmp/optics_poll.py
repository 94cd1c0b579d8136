"""Reading the optical ports of a router or switch, in its family's own words."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from monitoring.book import Book
from monitoring.measures.failures import DeviceError, Reason
from monitoring.measures.optics import cisco, huawei_vrp, juniper, mikrotik, nokia
from monitoring.measures.optics.light import Light, Value, Values
from monitoring.measures.optics.ont import port_reading
from monitoring.measures.snmp import indexes
from monitoring.measures.snmp.agent import Agent
from monitoring.topology import Family

Decode = Callable[[Values], tuple[Light, ...]]
_FAMILIES: Mapping[Family, tuple[Mapping[str, str], Decode]] = {
    Family.HUAWEI_VRP: (huawei_vrp.COLUMNS, huawei_vrp.decode),
    Family.JUNIPER: (juniper.COLUMNS, juniper.decode),
    Family.MIKROTIK: (mikrotik.COLUMNS, mikrotik.decode),
    Family.NOKIA: (nokia.COLUMNS, nokia.decode),
}


class OpticsPoll:
    """The optical ports of one device."""

    def __init__(self, device: str, family: Family, ports: Sequence[str], agent: Agent, book: Book) -> None:
        self._device = device
        self._family = family
        self._ports = tuple(ports)
        self._agent = agent
        self._book = book
        # Of each port: what to ask (by the name of the value), and the OID that must still hold the port's name.
        self._asked: Mapping[str, Mapping[str, str]] = {}
        self._names: Mapping[str, str] = {}

    async def run(self) -> None:
        """Read every port; look for its row anew if the device has renumbered. Raises DeviceError."""
        if not self._asked:
            await self._find()
        try:
            await self._read()
        except DeviceError as error:
            if error.reason is not Reason.RENUMBERED:
                raise
            await self._find()
            await self._read()

    async def _find(self) -> None:
        column = indexes.NAMES[self._family]
        names = await self._agent.column(column)
        if self._family is Family.CISCO:
            found = {port: indexes.sensors(names, port) for port in self._ports}
            self._asked = {port: _cisco_columns(sensors) for port, sensors in found.items() if sensors}
            self._names = {port: f"{column}.{next(iter(sensors.values()))}" for port, sensors in found.items() if sensors}
        else:
            rows = indexes.rows(names, self._ports)
            prefix = f"{nokia.CHASSIS}." if self._family is Family.NOKIA else ""
            columns, _ = _FAMILIES[self._family]
            self._asked = {port: {name: f"{oid}.{prefix}{row}" for name, oid in columns.items()} for port, row in rows.items()}
            self._names = {port: f"{column}.{row}" for port, row in rows.items()}
        if not self._asked:
            raise DeviceError(Reason.NOT_FOUND, f"no port is named {' or '.join(self._ports)}")

    async def _read(self) -> None:
        oids = [oid for columns in self._asked.values() for oid in columns.values()]
        answers = await self._agent.get([*self._names.values(), *oids])
        at = time.time()
        for port, oid in self._names.items():
            if not _still(port, indexes.name_of(answers.get(oid))):
                self._asked = {}
                raise DeviceError(Reason.RENUMBERED)
        for port, columns in self._asked.items():
            values = {name: answers.get(oid) for name, oid in columns.items()}
            lights = self._decode(values)
            self._book.note_optics(port_reading(self._device, port, lane, at, light) for lane, light in enumerate(lights))

    def _decode(self, values: Mapping[str, Value]) -> tuple[Light, ...]:
        if self._family is not Family.CISCO:
            return _FAMILIES[self._family][1](values)
        sensors: dict[str, dict[str, Value]] = {}
        for name, value in values.items():
            quantity, _, field = name.partition(" ")
            sensors.setdefault(quantity, {})[field] = value
        return cisco.decode(sensors)


def _still(port: str, name: str) -> bool:
    return name == port or name.startswith(f"{port} ")


def _cisco_columns(sensors: Mapping[str, str]) -> Mapping[str, str]:
    return {f"{quantity} {field}": f"{oid}.{index}" for quantity, index in sensors.items() for field, oid in cisco.COLUMNS.items()}
