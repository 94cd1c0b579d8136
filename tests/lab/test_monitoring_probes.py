"""The prober with real packets through a wire that delays, drops, doubles and is cut."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address

import pytest

from monitoring.measures.echo_socket import EchoSocket
from monitoring.measures.icmp import Reply
from monitoring.measures.prober import Pace, Prober, ProbeTarget
from monitoring.measures.track import Counts
from monitoring.observed import PathState, Reach
from provisioner import command
from tests.lab.wire import FAR, FAR_HOSTS, Wire, inside, wire

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="needs root for network namespaces")]

PACE = Pace(interval=0.1, timeout=0.3, tick=0.002, period=0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    wire: Wire
    near: str
    changes: list[PathState]

    def until(self, what: Callable[[], bool], seconds: float = 10) -> None:
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end
            time.sleep(0.01)


@pytest.fixture(scope="module")
def laid() -> Iterator[tuple[Wire, str]]:
    with wire() as (made, near, _):
        yield made, near


@pytest.fixture
def bench(laid: tuple[Wire, str]) -> Iterator[Bench]:
    made, near = laid
    yield Bench(wire=made, near=near, changes=[])
    time.sleep(2 * made.manner.delay + 0.05)  # what is in the wire must not reach the next test
    made.manner.delay = made.manner.loss = 0.0
    made.manner.double = made.manner.cut = False


def hosts(count: int = FAR_HOSTS) -> list[ProbeTarget]:
    return [ProbeTarget(site=f"site-{host}", path="fibre", address=IPv4Address(FAR.format(host))) for host in range(1, count + 1)]


@contextmanager
def probing(bench: Bench, targets: list[ProbeTarget], pace: Pace = PACE) -> Iterator[Prober]:
    prober = Prober(inside(bench.near, EchoSocket), pace, bench.changes.append)
    prober.load(targets)
    prober.start()
    try:
        yield prober
    finally:
        prober.stop()


def summed(prober: Prober) -> Counts:
    counts = [count for _, count in prober.counts()]
    return Counts(
        sent=sum(count.sent for count in counts),
        lost=sum(count.lost for count in counts),
        duplicates=sum(count.duplicates for count in counts),
        late=sum(count.late for count in counts),
        send_errors=sum(count.send_errors for count in counts),
        rtt_sum=sum(count.rtt_sum for count in counts),
        rtt_min=min((count.rtt_min for count in counts if count.rtt_min is not None), default=None),
        buckets=tuple(map(sum, zip(*(count.buckets for count in counts), strict=True))),
    )


def reaches(prober: Prober) -> set[Reach]:
    return {state.reach for state in prober.states()}


def settle(bench: Bench, prober: Prober) -> Counts:
    """Stop probing and wait until every probe's fate is known; the counts up to then are returned."""
    before = {target.key: count.sent for target, count in prober.counts()}
    bench.until(lambda: sum(summed(prober).buckets) + summed(prober).lost >= sum(before.values()))
    return summed(prober)


def test_a_clean_wire_loses_nothing_and_tells_its_length(bench: Bench) -> None:
    bench.wire.manner.delay = 0.025
    with probing(bench, hosts()) as prober:
        time.sleep(2)
        counts = settle(bench, prober)
        samples = prober.samples()

    assert counts.sent > 60 * 15
    assert counts.lost == counts.duplicates == counts.late == 0
    assert counts.rtt_min is not None
    assert 0.050 <= counts.rtt_min < 0.056
    assert all(sample.lost == 0 and sample.rtt_mean is not None and sample.rtt_mean < 0.1 for sample in samples)
    assert len(samples) == FAR_HOSTS


def test_what_the_wire_drops_is_counted_exactly(bench: Bench) -> None:
    bench.wire.manner.loss = 0.15
    with probing(bench, hosts(), Pace(interval=0.1, timeout=1.0, tick=0.002)) as prober:
        dropped_before = bench.wire.dropped
        time.sleep(1.5)
        bench.wire.manner.loss = 0.0
        dropped = bench.wire.dropped - dropped_before
        time.sleep(1.2)
        counts = settle(bench, prober)

    assert dropped > 50
    assert counts.lost == dropped


def test_doubled_answers_are_duplicates_and_not_answers(bench: Bench) -> None:
    bench.wire.manner.double = True
    with probing(bench, hosts(10)) as prober:
        time.sleep(1)
        bench.wire.manner.double = False
        time.sleep(0.3)
        counts = settle(bench, prober)

    assert counts.lost == 0
    assert counts.duplicates >= 3 * 10 * 7, "both ways doubled: four answers to each"


def test_answers_after_their_time_are_late_and_the_path_is_up(bench: Bench) -> None:
    bench.wire.manner.delay = 0.2
    with probing(bench, hosts(5)) as prober:
        time.sleep(1.5)
        counts = settle(bench, prober)
        states = prober.states()

    assert counts.late > 20
    assert counts.late <= counts.lost
    assert sum(counts.buckets) == 0
    assert {state.reach for state in states} == {Reach.UP}


def test_a_cut_is_told_from_its_first_lost_probe_and_its_repair_too(bench: Bench) -> None:
    with probing(bench, hosts(20)) as prober:
        bench.until(lambda: reaches(prober) == {Reach.UP})
        cut_at = time.time()
        bench.wire.manner.cut = True
        bench.until(lambda: reaches(prober) == {Reach.DOWN}, 3)
        took = time.time() - cut_at
        fell = [state.since for state in prober.states()]
        bench.wire.manner.cut = False
        bench.until(lambda: reaches(prober) == {Reach.UP}, 3)

    assert took < 10 * PACE.interval
    assert all(cut_at - PACE.interval <= since <= cut_at + 2 * PACE.interval for since in fell)
    assert [state.reach for state in bench.changes if state.site == "site-3"] == [Reach.UP, Reach.DOWN, Reach.UP]


def test_a_third_lost_is_loss_and_not_a_cut(bench: Bench) -> None:
    with probing(bench, hosts(10)) as prober:
        bench.until(lambda: reaches(prober) == {Reach.UP})
        bench.wire.manner.loss = 0.1  # each way: 19 % of the probes
        time.sleep(1.5)
        changes = {state.reach for state in bench.changes}
        lost = summed(prober).lost

    assert lost > 10
    assert Reach.DOWN not in changes


def test_targets_come_and_go_without_a_gap_for_those_that_stay(bench: Bench) -> None:
    with probing(bench, hosts(20)) as prober:
        time.sleep(0.5)
        start, before = time.monotonic(), {target.key: count.sent for target, count in prober.counts()}
        for turn in range(20):
            prober.load([target for place, target in enumerate(hosts(40)) if place < 10 or place % 20 != turn])
            time.sleep(0.05)
        elapsed, after = time.monotonic() - start, {target.key: count.sent for target, count in prober.counts()}
        lost = summed(prober).lost

    expected = elapsed / PACE.interval
    assert all(abs(after[target.key] - before[target.key] - expected) <= 2 for target in hosts(10))
    assert lost == 0


def test_what_our_own_side_cannot_send_is_unknown_and_not_down(bench: Bench) -> None:
    with probing(bench, hosts(5)) as prober:
        bench.until(lambda: reaches(prober) == {Reach.UP})
        command.run(["ip", "-n", bench.near, "link", "set", "wire0", "down"])
        try:
            time.sleep(1)
            states, counts = prober.states(), summed(prober)
        finally:
            command.run(["ip", "-n", bench.near, "link", "set", "wire0", "up"])
        bench.until(lambda: reaches(prober) == {Reach.UP})

    assert {state.reach for state in states} == {Reach.UNKNOWN}
    assert counts.send_errors >= 5 * 8
    assert counts.lost <= 5


class BrokenSocket(EchoSocket):
    """A socket that fails now and then when it is read."""

    reads = 0

    def replies(self) -> Iterator[tuple[Reply, int]]:
        self.reads += 1
        if self.reads % 100 == 50:
            raise OSError(errno.ENOBUFS, "made up")
        yield from super().replies()


def test_a_socket_that_fails_now_and_then_does_not_end_the_probing(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    prober = Prober(inside(bench.near, BrokenSocket), PACE)
    prober.load(hosts(5))
    prober.start()
    try:
        bench.until(lambda: caplog.text.count("a tick failed") >= 2)
        bench.until(lambda: reaches(prober) == {Reach.UP} and prober.idle_seconds() < 0.1)
    finally:
        prober.stop()


def test_forged_and_foreign_answers_are_not_taken(bench: Bench) -> None:
    with probing(bench, hosts(3)) as prober, probing(bench, hosts(3)) as other:
        time.sleep(0.6)
        counts = summed(prober), summed(other)

    assert [(count.duplicates, count.late, count.lost) for count in counts] == [(0, 0, 0)] * 2
