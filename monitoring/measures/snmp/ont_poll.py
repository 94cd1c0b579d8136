"""Reading the ONTs of an OLT: their state often, their light seldom, both at once of those that fall."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Protocol

from monitoring.book import Book
from monitoring.measures.optics import huawei_xpon, zte
from monitoring.measures.optics.light import Light, Power, Value, Values
from monitoring.measures.optics.moments import SYSTEM_DATE, moment
from monitoring.measures.optics.ont import Condition, OntKey, OntLight, ont_state, port_reading
from monitoring.measures.snmp.agent import Agent
from monitoring.observed import Reach, Validity
from monitoring.topology import Family

log = logging.getLogger(__name__)

_NOTHING_SELDOM = Condition(reach=Reach.UNKNOWN)


class Dialect(Protocol):
    """How a family of OLTs speaks of ONTs; the modules huawei_xpon and zte are such."""

    STATE: dict[str, str]
    FALL: dict[str, str]
    SELDOM: dict[str, str]
    OPTICS: dict[str, str]

    def condition(self, values: Values) -> Condition:
        """Return an ONT's condition."""

    def light(self, values: Values) -> tuple[Light, Power]:
        """Return the light at both ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """What an OLT of a family bears: seconds between two readings of the same light, and whether a fall excuses an exception."""

    optics_seconds: float = 3600.0
    optics_at_once: bool = True


MANNERS: Mapping[Family, Manners] = {Family.HUAWEI_XPON: Manners(), Family.ZTE: Manners(optics_at_once=False)}


class OntPoll:
    """The ONTs of one OLT. `state` and `optics` are polls of their own; they share the agent and its budget."""

    def __init__(self, olt: str, family: Family, onts: Sequence[OntKey], agent: Agent, book: Book) -> None:
        self._olt = olt
        self._dialect: Dialect = zte if family is Family.ZTE else huawei_xpon
        self._manners = MANNERS[family]
        self._onts = tuple(onts)
        self._agent = agent
        self._book = book
        self._conditions: dict[OntKey, Condition] = {}
        self._lights: dict[OntKey, OntLight] = {}
        self._seldom: dict[OntKey, Condition] = {}
        self._fallen: set[OntKey] = set()
        self._clock = 0.0
        self._whole = True  # whether the last poll came to its end

    def fell(self, onts: Iterable[OntKey]) -> None:
        """Note ONTs of sites that stopped answering; the next `state` asks for these first, and for all they know."""
        self._fallen.update(onts)

    async def state(self) -> None:
        """Read the state of every ONT, and what those say whose state changed. Raises DeviceError."""
        if not self._whole:
            self._conditions.clear()  # the last poll broke off: ask in full
        self._whole = False
        fallen, self._fallen = sorted(self._fallen, key=lambda ont: ont.index), set()
        if fallen:
            await self._details(fallen)
        else:
            await self._look()
        self._whole = True

    async def _look(self) -> None:
        answers = await self._ask(self._onts, self._dialect.STATE)
        changed = []
        for ont, values in answers.items():
            now, before = self._dialect.condition(values), self._conditions.get(ont)
            if before is None or now.reach is not before.reach:
                changed.append(ont)
            else:
                self._tell(ont)
        if changed:
            await self._details(changed)

    async def _details(self, onts: Sequence[OntKey]) -> None:
        asked = time.time()
        answers = await self._ask(onts, self._dialect.FALL, SYSTEM_DATE)
        for ont, values in answers.items():
            self._set_clock(moment(values.get("clock")), asked)
            self._conditions[ont] = self._dialect.condition(values)
            if self._conditions[ont].reach is not Reach.UP:
                self._lose_light(ont)
            self._tell(ont)
        if self._manners.optics_at_once:
            await self._read_light([ont for ont in onts if self._conditions[ont].reach is Reach.UP])

    def _set_clock(self, theirs: float | None, asked: float) -> None:
        if theirs is not None:
            self._clock = (asked + time.time()) / 2 - theirs
            self._book.clocks[self._olt] = -self._clock

    def _lose_light(self, ont: OntKey) -> None:
        """Forget the light of an ONT that its OLT cannot ask any more."""
        at, nothing = time.time(), Power.none(Validity.UNREACHABLE)
        self._lights[ont] = OntLight(ont=Light(rx=nothing), olt_rx=nothing, at=at)
        self._book.note_optics([port_reading(self._olt, ont.pon, ont.number, at, self._lights[ont].ont)])

    def _tell(self, ont: OntKey) -> None:
        seldom = self._seldom.get(ont, _NOTHING_SELDOM)
        condition = replace(self._conditions[ont], last_up_at=seldom.last_up_at, distance_m=seldom.distance_m)
        self._book.note_ont(ont_state(ont, time.time(), condition, self._lights.get(ont), self._clock))

    async def optics(self) -> None:
        """Read the light of every ONT that is not down, and how far it is. Raises DeviceError."""
        up = [ont for ont in self._onts if ont not in self._conditions or self._conditions[ont].reach is not Reach.DOWN]
        await self._read_light(up, self._dialect.SELDOM)

    async def _read_light(self, onts: Sequence[OntKey], more: Mapping[str, str] = MappingProxyType({})) -> None:
        for ont, values in (await self._ask(onts, {**self._dialect.OPTICS, **more})).items():
            at = time.time()
            if more:
                self._seldom[ont] = self._dialect.condition(values)
            light, olt_rx = self._dialect.light(values)
            self._lights[ont] = OntLight(ont=light, olt_rx=olt_rx, at=at)
            self._book.note_optics([port_reading(self._olt, ont.pon, ont.number, at, light)])
            if ont in self._conditions:
                self._tell(ont)

    async def _ask(self, onts: Sequence[OntKey], columns: Mapping[str, str], clock: str = "") -> Mapping[OntKey, Values]:
        """Return the columns' values of each ONT; with `clock`, the OLT's own as well."""
        asked = {_oid(column, name, ont): (ont, name) for ont in onts for name, column in columns.items()}
        answers = await self._agent.get([*([clock] if clock else []), *asked]) if asked else {}
        found: dict[OntKey, dict[str, Value]] = {ont: {"clock": answers.get(clock)} for ont in onts}
        for oid, (ont, name) in asked.items():
            found[ont][name] = answers.get(oid)
        return found


def _oid(column: str, name: str, ont: OntKey) -> str:
    suffix = f".{zte.ONT_PORT}" if (column, name) == (zte.OPTICS["rx"], "rx") else ""
    return f"{column}.{ont.index}{suffix}"
