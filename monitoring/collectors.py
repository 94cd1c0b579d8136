"""The jobs that a topology asks for: per device its interfaces, its light, its ONTs."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from monitoring.book import Book
from monitoring.credentials import Community, Credential, Login, UserSecrets
from monitoring.measures.cli.poll import DIALECTS, CliPoll
from monitoring.measures.optics.ont import OntKey
from monitoring.measures.snmp.agent import Agent, SnmpAgent
from monitoring.measures.snmp.budget import OLT, ROUTER, Budget
from monitoring.measures.snmp.link_poll import LinkPoll
from monitoring.measures.snmp.ont_poll import MANNERS, OntPoll
from monitoring.measures.snmp.optics_poll import OpticsPoll
from monitoring.observed import DeviceState, Reach
from monitoring.schedule import Job, Record
from monitoring.topology import Device, DeviceKind, Site, SnmpVersion, Topology

log = logging.getLogger(__name__)

LINKS, OPTICS, ONTS, ONT_OPTICS, CLI = "links", "optics", "onts", "ont_optics", "cli"
_DOWN_AFTER = 3  # failed polls in a row
_STALE_PERIODS = 3
_KINDS: Mapping[SnmpVersion | None, type[Credential]] = {
    SnmpVersion.V2C: Community,
    SnmpVersion.V3: UserSecrets,
    None: Login,
}
_PON_FAMILIES = frozenset(MANNERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """Seconds between two polls, and how long one may take."""

    links: float = 60.0
    optics: float = 300.0
    cli: float = 600.0
    onts: float = 60.0
    deadline: float = 20.0
    long_deadline: float = 120.0


class Collectors:
    """Makes jobs of a topology, and knows whom to ask when a site falls."""

    def __init__(self, book: Book, credentials: Mapping[str, Credential], periods: Periods = Periods()) -> None:
        self._book = book
        self.credentials = credentials
        self._periods = periods
        self._ont_polls: dict[str, OntPoll] = {}
        self._made: dict[str, tuple[object, tuple[Job, ...]]] = {}
        self._urgent: dict[str, tuple[tuple[str, str], ...]] = {}
        self._onts: dict[str, OntKey] = {}
        self.problems: tuple[str, ...] = ()

    def jobs(self, topology: Topology) -> Iterator[Job]:
        """Yield every job; those of a device that did not change are the same as before."""
        self._onts = dict(_onts_by_site(topology))
        onts = _by_olt(self._onts.values())
        made: dict[str, tuple[object, tuple[Job, ...]]] = {}
        problems = []
        for device in topology.devices:
            credential, problem = self._credential_of(device)
            if credential is None:
                problems.append(f"{device.name}: {problem}")
                self._book.devices[device.name] = DeviceState(device=device.name, reach=Reach.UNKNOWN, since=time.time(), reason=problem)
                continue
            identity = (device, credential, onts.get(device.name, ()))
            before = self._made.get(device.name)
            made[device.name] = (
                before if before is not None and before[0] == identity else (identity, tuple(self._of(device, credential, onts)))
            )
        self._made = made
        self._book.stale_after = {name: _STALE_PERIODS * _optics_period(jobs) for name, (_, jobs) in made.items()}
        self.problems = tuple(problems)
        for problem in problems:
            log.error("%s (hint: see to the file of credentials)", problem)
        devices = _devices_by_segment(topology)
        self._urgent = {site.name: tuple(_whom(site, devices)) for site in topology.sites}
        for _, jobs in made.values():
            yield from jobs

    def _credential_of(self, device: Device) -> tuple[Credential | None, str]:
        """Return the credential of a device, or why there is none that we may use."""
        name = device.snmp.credential if device.snmp is not None else device.cli or ""
        found = self.credentials.get(name)
        wanted = _KINDS[device.snmp.version if device.snmp is not None else None]
        if found is None:
            return None, f"no credential is named {name}"
        if not isinstance(found, wanted):
            return None, f"{name} is not of the kind that its version asks for"  # least of all 2c in place of 3
        return found, ""

    def _of(self, device: Device, credential: Credential, onts: Mapping[str, tuple[OntKey, ...]]) -> Iterator[Job]:
        mine = onts.get(device.name, ())
        match credential:
            case Community() | UserSecrets():
                if device.kind is DeviceKind.OLT:
                    if mine and device.family in _PON_FAMILIES:
                        yield from self._of_olt(device, credential, mine)
                elif device.ports:
                    yield from self._of_router(device, credential)
            case Login():
                if device.ports and device.family in DIALECTS and device.kind is not DeviceKind.OLT:
                    yield self._by_hand(device, credential)

    def _of_olt(self, device: Device, credential: Community | UserSecrets, onts: tuple[OntKey, ...]) -> Iterator[Job]:
        agent = SnmpAgent(device.address, credential, Budget(OLT, time.monotonic()))
        poll = self._ont_polls[device.name] = OntPoll(device.name, device.family, onts, agent, self._book)
        manners = MANNERS[device.family]
        identity = (device, credential, onts)
        slow = self._periods.long_deadline
        yield Job(device=device.name, collector=ONTS, period=self._periods.onts, deadline=slow, run=poll.state, identity=identity)
        yield Job(
            device=device.name,
            collector=ONT_OPTICS,
            period=manners.optics_seconds,
            deadline=slow,
            run=poll.optics,
            identity=identity,
            gap=manners.optics_seconds,
        )

    def _of_router(self, device: Device, credential: Community | UserSecrets) -> Iterator[Job]:
        agent: Agent = SnmpAgent(device.address, credential, Budget(ROUTER, time.monotonic()))
        ports = tuple(port.name for port in device.ports)
        links = LinkPoll(device.name, ports, agent, self._book)
        identity, wait = (device, credential), self._periods.deadline
        yield Job(device=device.name, collector=LINKS, period=self._periods.links, deadline=wait, run=links.run, identity=identity)
        if device.family in _PON_FAMILIES:
            return
        light = OpticsPoll(device.name, device.family, ports, agent, self._book)
        yield Job(
            device=device.name, collector=OPTICS, period=self._periods.optics, deadline=wait, run=light.run, identity=identity, gap=10.0
        )

    def _by_hand(self, device: Device, login: Login) -> Job:
        poll = CliPoll(device.name, device.family, [port.name for port in device.ports], device.address, login, self._book)
        period, wait = self._periods.cli, self._periods.long_deadline
        return Job(device=device.name, collector=CLI, period=period, deadline=wait, run=poll.run, identity=(device, login), gap=60.0)

    def urgent(self, site: str) -> tuple[tuple[str, str], ...]:
        """Return which jobs tell why a site fell, and have its OLT asked for its ONT first."""
        ont = self._onts.get(site)
        if ont is not None and ont.olt in self._ont_polls:
            self._ont_polls[ont.olt].fell([ont])
        return self._urgent.get(site, ())

    def judge(self, job: Job, record: Record) -> None:
        """Say whether a device answers, after one of its jobs ran."""
        if record.failing:
            self._lost(job)
        before = self._book.devices.get(job.device)
        if record.failing == 0:
            reach = Reach.UP
        elif record.failing >= _DOWN_AFTER:
            reach = Reach.DOWN
        else:
            return
        if before is None or before.reach is not reach:
            reason = "" if record.last_reason is None else str(record.last_reason)
            poll = min(one.period for one in self._made.get(job.device, ("", (job,)))[1] or (job,))
            self._book.devices[job.device] = DeviceState(
                device=job.device, reach=reach, since=time.time(), poll_seconds=poll, reason=reason
            )

    def _lost(self, job: Job) -> None:
        """Say of what a failed job reads that nobody knows it now."""
        match job.collector:
            case "optics" | "ont_optics" | "cli":
                self._book.optics_lost(job.device, time.time())
            case "onts":
                self._book.onts_lost(job.device, time.time())
            case _:
                return  # counters stay as they are


def _optics_period(jobs: Iterable[Job]) -> float:
    return max((job.period for job in jobs if job.collector in {OPTICS, ONT_OPTICS, CLI}), default=math.inf)


def _onts_by_site(topology: Topology) -> Iterator[tuple[str, OntKey]]:
    for site in topology.sites:
        if site.ont is not None:
            yield site.name, OntKey(olt=site.ont.olt, pon=site.ont.pon, pon_index=site.ont.pon_index, number=site.ont.number)


def _by_olt(onts: Iterable[OntKey]) -> Mapping[str, tuple[OntKey, ...]]:
    found: dict[str, list[OntKey]] = {}
    for ont in onts:
        found.setdefault(ont.olt, []).append(ont)
    return {olt: tuple(members) for olt, members in found.items()}


def _devices_by_segment(topology: Topology) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for device in topology.devices:
        for port in device.ports:
            found.setdefault(port.segment, []).append(device.name)
    return {segment: tuple(names) for segment, names in found.items()}


def _whom(site: Site, devices: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    if site.ont is not None:
        yield site.ont.olt, ONTS
    segments = [segment for path in site.paths for segment in path.segments]
    for name in sorted({name for segment in segments for name in devices.get(segment, ())}):
        yield name, LINKS
        yield name, OPTICS
        yield name, CLI
