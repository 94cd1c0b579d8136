"""The collectors against real SNMP agents: v2c and v3, falls, reboots, renumbering, hanging and rubbish."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from monitoring.book import Book
from monitoring.collectors import Collectors
from monitoring.credentials import Community, UserSecrets
from monitoring.measures.failures import DeviceError, Reason
from monitoring.measures.optics import huawei_xpon, mikrotik
from monitoring.measures.optics.ont import OntKey
from monitoring.measures.snmp import counters
from monitoring.measures.snmp.agent import Patience, SnmpAgent
from monitoring.measures.snmp.budget import OLT, ROUTER, Budget
from monitoring.measures.snmp.link_poll import LinkPoll
from monitoring.measures.snmp.ont_poll import OntPoll
from monitoring.measures.snmp.optics_poll import OpticsPoll
from monitoring.observed import DownCause, Reach, Validity
from monitoring.schedule import Job, Record
from monitoring.topology import Family
from tests.lab.agents import AUTH, PRIV, ValueAgent, free_port, needs_snmpd, value_agent

pytestmark = [pytest.mark.lab, needs_snmpd]

LOOPBACK = IPv4Address("127.0.0.1")
SYSTEM_NAME = "1.3.6.1.2.1.1.5.0"
PON = 4194304000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValueAgent]:
    with value_agent(tmp_path_factory.mktemp("agent")) as agent:
        yield agent


def community(port: int, patience: Patience | None = None) -> SnmpAgent:
    return SnmpAgent(LOOPBACK, Community(community="public", port=port), Budget(ROUTER, time.monotonic()), patience or Patience())


def reason_of(work: Callable[[], Awaitable[object]]) -> Reason | None:
    async def run() -> Reason | None:
        try:
            await work()
        except DeviceError as error:
            return error.reason
        return None

    return asyncio.run(run())


def test_version_3_with_sha_256_and_aes_128(served: ValueAgent) -> None:
    secrets = UserSecrets(user="watcher", auth=AUTH, priv=PRIV, port=served.port)
    agent = SnmpAgent(LOOPBACK, secrets, Budget(ROUTER, 0.0))

    answers = asyncio.run(agent.get([SYSTEM_NAME]))

    assert SYSTEM_NAME in answers


def test_a_version_3_agent_that_rebooted_is_read_again_at_the_latest_at_the_next_poll(tmp_path: Path) -> None:
    with value_agent(tmp_path / "rebooting") as served:
        secrets = UserSecrets(user="watcher", auth=AUTH, priv=PRIV, port=served.port)
        agent = SnmpAgent(LOOPBACK, secrets, Budget(ROUTER, 0.0), Patience(seconds=2, attempts=1))

        async def run() -> list[bool]:
            found = []
            for turn in range(3):
                if turn == 1:  # its engine has booted once more, and its clock begins at zero
                    served.stop()
                    served.start()
                try:
                    found.append(SYSTEM_NAME in await agent.get([SYSTEM_NAME]))
                except DeviceError:
                    found.append(False)
            return found

        found = asyncio.run(run())

    assert found[0]
    assert found[2]


def test_a_wrong_phrase_is_an_error_and_not_silence(served: ValueAgent) -> None:
    secrets = UserSecrets(user="watcher", auth="another-phrase", priv=PRIV, port=served.port)
    agent = SnmpAgent(LOOPBACK, secrets, Budget(ROUTER, 0.0), Patience(seconds=0.5, attempts=1))

    assert reason_of(lambda: agent.get([SYSTEM_NAME])) in {Reason.AUTHENTICATION, Reason.TIMEOUT}


def test_nobody_at_the_port_is_no_longer_than_our_patience() -> None:
    agent = community(free_port(), Patience(seconds=0.3, attempts=2))

    start = time.monotonic()
    reason = reason_of(lambda: agent.get([SYSTEM_NAME]))

    assert reason is Reason.TIMEOUT
    assert time.monotonic() - start < 2


def test_rows_that_are_not_there_are_left_out(served: ValueAgent) -> None:
    served.set({"1.3.6.1.4.1.2011.9.1": 7})

    answers = asyncio.run(community(served.port).get(["1.3.6.1.4.1.2011.9.1", "1.3.6.1.4.1.2011.9.2"]))

    assert {oid: value for oid, value in answers.items() if value is not None} == {"1.3.6.1.4.1.2011.9.1": 7}


def interface(agent: ValueAgent, index: int, name: str, octets: int, *, up: bool = True) -> None:
    columns = counters.COLUMNS
    agent.set({f"{columns['name']}.{index}": name, f"{columns['status']}.{index}": 1 if up else 2})
    agent.set({f"{columns['speed']}.{index}": 1000}, "gauge")
    agent.set({f"{columns['in']}.{index}": octets, f"{columns['out']}.{index}": octets}, "counter64")
    agent.set({f"{columns['in_errors']}.{index}": 0, f"{columns['out_errors']}.{index}": 0}, "counter")
    agent.set({f"{columns['discontinuity']}.{index}": 0}, "timeticks")


def forget_interface(agent: ValueAgent, index: int) -> None:
    agent.set({f"{column}.{index}": None for column in counters.COLUMNS.values()})


def test_a_device_that_reboots_and_renumbers_keeps_its_port_and_its_sum(served: ValueAgent) -> None:
    served.set({counters.UPTIME: 100_000}, "timeticks")
    interface(served, 3, "ether1", 5_000)
    book = Book()
    poll = LinkPoll("sw-1", ["ether1"], community(served.port), book)

    async def run() -> None:
        await poll.run()
        served.set({counters.UPTIME: 200}, "timeticks")
        forget_interface(served, 3)
        interface(served, 7, "ether1", 40)
        interface(served, 3, "ether9", 9_999_999)
        await poll.run()

    asyncio.run(run())

    link = book.links["sw-1", "ether1"]
    assert link.received is not None
    assert (link.received.total, link.up, link.bytes_per_second) == (5_040, True, 125_000_000.0)


def test_a_port_that_nobody_has_is_named(served: ValueAgent) -> None:
    poll = LinkPoll("sw-1", ["ether77"], community(served.port), Book())

    assert reason_of(poll.run) is Reason.NOT_FOUND


def test_optics_of_a_port_are_found_by_name(served: ValueAgent) -> None:
    values = {"los": 0, "temperature": 41, "voltage": 3300, "bias": 6, "tx": -2100, "rx": -18_250}
    served.set({f"{mikrotik.COLUMNS[name]}.5": value for name, value in values.items()} | {f"{mikrotik.NAME}.5": "sfp1"})
    book = Book()

    asyncio.run(OpticsPoll("rb-1", Family.MIKROTIK, ["sfp1"], community(served.port), book).run())

    reading = book.optics["rb-1", "sfp1", 0]
    assert (reading.validity, reading.rx_dbm, reading.tx_dbm, reading.voltage_volts, reading.los) == (Validity.OK, -18.25, -2.1, 3.3, False)


def ont(number: int) -> OntKey:
    return OntKey(olt="olt-1", pon="0/1/0", pon_index=PON, number=number)


def set_ont(agent: ValueAgent, number: int, **values: int | bytes) -> None:
    columns = huawei_xpon.FALL | huawei_xpon.OPTICS | huawei_xpon.SELDOM
    agent.set({f"{columns[name]}.{PON}.{number}": value for name, value in values.items()})


def date(hour: int, minute: int, second: int) -> bytes:
    return bytes([0x07, 0xEA, 11, 25, hour, minute, second, 0])


def test_an_ont_that_falls_is_told_with_its_cause_and_by_our_clock(served: ValueAgent) -> None:
    for number in (0, 1, 2):
        set_ont(
            served, number, state=1, cause=-1, last_down=bytes(8), last_gasp=bytes(8), rx=-1900 - number, tx=230, olt_rx=7700, distance=4125
        )
    agent, book = community(served.port), Book()
    poll = OntPoll("olt-1", Family.HUAWEI_XPON, [ont(0), ont(1), ont(2)], agent, book)

    async def run() -> int:
        await poll.state()
        await poll.optics()
        before = agent.requests
        await poll.state()
        quiet = agent.requests - before
        served.set({"1.3.6.1.2.1.25.1.2.0": date(3, 0, 30)})  # the OLT's clock is hours off
        set_ont(served, 1, state=2, cause=13, last_down=date(3, 0, 20), last_gasp=date(3, 0, 20))
        poll.fell([ont(1)])
        await poll.state()
        return quiet

    quiet = asyncio.run(run())
    fallen, other = book.onts["olt-1", "0/1/0", 1], book.onts["olt-1", "0/1/0", 2]

    assert quiet == 1, "one request for the state of all"
    assert (other.reach, other.rx_dbm, other.olt_rx_dbm, other.distance_m) == (Reach.UP, -19.02, -23.0, 4125.0)
    assert (fallen.reach, fallen.last_down_cause, fallen.rx_dbm) == (Reach.DOWN, DownCause.DYING_GASP, None)
    assert fallen.last_down_at == pytest.approx(time.time() - 10, abs=3)
    assert book.clocks["olt-1"] == pytest.approx(datetime(2026, 11, 25, 3, 0, 30, tzinfo=UTC).timestamp() - time.time(), abs=3)
    assert book.optics["olt-1", "0/1/0", 1].validity is Validity.UNREACHABLE


def test_an_olt_that_stops_answering_leaves_its_onts_unknown_and_is_asked_in_full_later(tmp_path: Path) -> None:
    book, record = Book(), Record(failing=1, last_reason=Reason.TIMEOUT)
    with value_agent(tmp_path / "olt") as served:
        set_ont(served, 0, state=1, rx=-1900)
        agent = community(served.port, Patience(seconds=5, attempts=1))
        poll = OntPoll("olt-1", Family.HUAWEI_XPON, [ont(0)], agent, book)
        job = Job(device="olt-1", collector="onts", period=60, deadline=5, run=poll.state)

        async def run() -> tuple[Reason, Reach]:
            await poll.state()
            served.stop()
            with pytest.raises(DeviceError) as failure:
                await poll.state()
            Collectors(book, {}).judge(job, record)
            unknown = book.onts["olt-1", "0/1/0", 0].reach
            served.start()
            await poll.state()
            return failure.value.reason, unknown

        found = asyncio.run(run())

    assert found == (Reason.TIMEOUT, Reach.UNKNOWN)
    assert (book.onts["olt-1", "0/1/0", 0].reach, book.onts["olt-1", "0/1/0", 0].rx_dbm) == (Reach.UP, -19.0)


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next(served: ValueAgent) -> None:
    first, second = "1.3.6.1.4.1.2011.9.1", "1.3.6.1.4.1.2011.9.2"
    served.set({first: 1, second: 2})
    agent = community(served.port, Patience(seconds=0.4, attempts=1))

    async def run() -> object:
        served.pause(0.7)
        with pytest.raises(DeviceError):
            await agent.get([first])
        served.pause(0)
        await asyncio.sleep(0.6)
        return (await agent.get([second])).get(second)

    assert asyncio.run(run()) == 2


@pytest.mark.parametrize("rubbish", [b"", b"\x00" * 50, b"\x30\x82\xff\xff", b"GET / HTTP/1.0", b"\x30\x03\x02\x01\x01"])
def test_an_agent_that_answers_rubbish_is_done_with_in_our_patience(rubbish: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        agent = community(int(listener.getsockname()[1]), Patience(seconds=0.3, attempts=1))

        def answer() -> None:
            listener.sendto(rubbish, listener.recvfrom(2048)[1])

        helper = threading.Thread(target=answer)
        helper.start()
        start = time.monotonic()
        reason = reason_of(lambda: agent.get([SYSTEM_NAME]))
        helper.join()

    assert reason in {Reason.RUBBISH, Reason.TIMEOUT}
    assert time.monotonic() - start < 3


def test_an_olt_is_asked_within_its_budget(served: ValueAgent) -> None:
    agent = SnmpAgent(LOOPBACK, Community(community="public", port=served.port), Budget(OLT, time.monotonic()))
    served.set({"1.3.6.1.4.1.2011.9.1": 1})

    async def run() -> float:
        start = time.monotonic()
        for _ in range(OLT.at_once + 1):
            await agent.get(["1.3.6.1.4.1.2011.9.1"])
        return time.monotonic() - start

    assert asyncio.run(run()) >= 0.8, "ten at once, then one a second"
