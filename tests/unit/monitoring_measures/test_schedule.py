"""The schedule: a job that hangs or fails costs only itself; overruns are counted; a reload leaves no gap."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest

from monitoring.measures.failures import DeviceError, Reason
from monitoring.measures.snmp.budget import Allowance, Budget
from monitoring.schedule import Job, Record, Schedule, first_delay

KEY = ("olt-1", "onts")


@pytest.fixture
def schedule() -> Iterator[Schedule]:
    schedule = Schedule()
    schedule.start()
    yield schedule
    schedule.stop()


def job(
    run: Callable[[], Awaitable[None]], device: str = "olt-1", period: float = 0.05, deadline: float = 5.0, identity: object = None
) -> Job:
    return Job(device=device, collector="onts", period=period, deadline=deadline, run=run, identity=identity, gap=0.0)


def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not what():
        assert time.monotonic() < end
        time.sleep(0.005)


class Counted:
    def __init__(self) -> None:
        self.times = 0

    async def __call__(self) -> None:
        self.times += 1


def test_a_job_that_hangs_is_cut_at_its_deadline_and_delays_nobody(schedule: Schedule) -> None:
    async def hang() -> None:
        await asyncio.sleep(3600)

    other = Counted()
    schedule.load([job(hang, "hangs", deadline=0.1), job(other, "works")])

    until(lambda: schedule.records.get(("hangs", "onts"), Record()).errors[Reason.TIMEOUT] > 0 and other.times > 3)


def test_a_failure_is_counted_by_its_reason_and_the_job_goes_on(schedule: Schedule, caplog: pytest.LogCaptureFixture) -> None:
    times = 0

    async def fail() -> None:
        nonlocal times
        times += 1
        if times % 2:
            raise DeviceError(Reason.RUBBISH, "what?")
        raise KeyError(times)

    schedule.load([job(fail)])
    until(lambda: schedule.records.get(KEY, Record()).errors[Reason.RUBBISH] > 3)

    assert schedule.records[KEY].failing > 3
    assert caplog.text.count("what?") == 1, "told once, not at every turn"


def test_polls_that_take_longer_than_their_period_are_counted_and_never_overlap(schedule: Schedule) -> None:
    at_once, most = 0, 0

    async def slow() -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.2)
        at_once -= 1

    schedule.load([job(slow)])
    until(lambda: schedule.records.get(KEY, Record()).overruns > 3)

    assert most == 1


def test_a_fault_in_what_follows_a_job_does_not_end_it() -> None:
    def fail(_job: Job, _record: Record) -> None:
        raise KeyError(1)

    counted, schedule = Counted(), Schedule(fail)
    schedule.start()
    try:
        schedule.load([job(counted)])
        until(lambda: counted.times > 2)
    finally:
        schedule.stop()


def test_a_device_that_never_answered_is_told_as_older_than_any(schedule: Schedule) -> None:
    async def fail() -> None:
        raise DeviceError(Reason.TIMEOUT)

    schedule.load([job(fail, period=30.0)])
    schedule.hurry("olt-1", "onts")
    until(lambda: schedule.records.get(KEY, Record()).failing == 1)

    told = {one.family.name: list(one.values) for one in schedule()}
    assert told["noc_target_last_success_timestamp_seconds"] == [0.0]
    assert told["noc_collector_period_seconds"] == [30.0]


def test_hurry_does_not_wait_for_the_period(schedule: Schedule) -> None:
    counted = Counted()
    schedule.load([job(counted, period=3600.0)])
    schedule.hurry("olt-1", "onts")
    schedule.hurry("nobody", "onts")

    until(lambda: counted.times == 1)


def test_a_reload_leaves_jobs_that_stay_alone_and_stops_those_that_go(schedule: Schedule) -> None:
    stays, goes, changes, instead = Counted(), Counted(), Counted(), Counted()
    schedule.load([job(stays, "stays", identity=1), job(goes, "goes"), job(changes, "changes", identity=1)])
    until(lambda: min(stays.times, goes.times, changes.times) > 0)

    schedule.load([job(instead, "stays", identity=1), job(instead, "changes", identity=2)])
    until(lambda: instead.times > 3)
    there = stays.times, goes.times, changes.times
    time.sleep(0.2)

    assert stays.times > there[0], "the job that was there goes on"
    assert (goes.times, changes.times) == there[1:]
    assert ("goes", "onts") not in schedule.records


def test_a_job_that_ran_before_a_restart_waits_out_its_period() -> None:
    hourly = job(Counted(), period=3600.0)

    assert first_delay(hourly, Record(), now=1_000_000.0) <= 10
    assert first_delay(hourly, Record(last_start=1_000_000.0 - 600), now=1_000_000.0) == 3000
    assert first_delay(hourly, Record(last_start=1_000_000.0 + 10**9), now=1_000_000.0) == 3600, "a clock that was wrong"


def test_a_budget_lets_some_at_once_and_then_so_many_a_second() -> None:
    budget = Budget(Allowance(per_second=2.0, at_once=3), now=0.0)

    assert [budget.spend(0.0) for _ in range(5)] == [0, 0, 0, 0.5, 1.0]
    assert budget.spend(10.0) == 0.0
