"""`verify` against real packets and a real ruleset: it passes what is good and finds what is not."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from provisioner import command
from provisioner.centre.verify.namespaces import inside
from provisioner.centre.verify.ports import Place
from provisioner.observed.acceptance import Outcome, Reason
from tests.lab import packets

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="needs root for network namespaces")]


@pytest.fixture(scope="module", autouse=True)
def site() -> Iterator[None]:
    """Keep the small site for the whole module."""
    with packets.small_site():
        yield


def test_a_good_ruleset_passes_every_check() -> None:
    packets.load(packets.ruleset())

    results = packets.verify(packets.plan())

    assert {check: (result.reason, result.seen) for check, result in results.items() if result.outcome is not Outcome.PASSED} == {}
    assert results["blocked/terminals/management/tcp"].reason is Reason.DROPPED
    assert results["flow/use"].reason is Reason.ANSWERED


@pytest.mark.parametrize(
    ("source", "target", "protocol", "rule"),
    [
        ("terminals", "management", "tcp", 'iifname "eth2" oifname "eth0" tcp dport 20000 accept'),
        ("servers", "management", "udp", 'iifname "eth1" oifname "eth0" udp dport 20000 accept'),
        ("terminals", "servers", "icmp", 'iifname "eth2" oifname "eth1" icmp type echo-request accept'),
    ],
)
def test_a_pair_that_is_let_through_is_found_and_no_other(source: str, target: str, protocol: str, rule: str) -> None:
    packets.load(packets.ruleset(extra=rule))

    results = packets.verify(packets.plan())

    failed = {check: result.reason for check, result in results.items() if result.outcome is Outcome.FAILED}
    assert failed == {f"blocked/{source}/{target}/{protocol}": Reason.LET_THROUGH}


@pytest.mark.parametrize(("flow", "reason"), [("use", Reason.SILENT), ("time", Reason.SILENT), ("ping", Reason.SILENT)])
def test_a_missing_flow_is_found(flow: str, reason: Reason) -> None:
    packets.load(packets.ruleset(without=flow))

    results = packets.verify(packets.plan())

    assert {check: result.reason for check, result in results.items() if result.outcome is Outcome.FAILED} == {f"flow/{flow}": reason}


def test_silence_without_a_counted_drop_is_a_finding() -> None:
    packets.load(packets.ruleset())
    terminals = packets.spots()[Place("terminals")].namespace
    packets.ip("-n", terminals, "route", "replace", "blackhole", "10.79.0.0/24")
    packets.ip("-n", packets.GATEWAY, "route", "add", "blackhole", "10.79.2.251/32")
    try:
        results = packets.verify(packets.plan())
    finally:
        packets.ip("-n", terminals, "route", "delete", "blackhole", "10.79.0.0/24")
        packets.ip("-n", packets.GATEWAY, "route", "delete", "blackhole", "10.79.2.251/32")

    assert results["blocked/terminals/management/udp"].outcome is Outcome.FAILED
    assert results["blocked/terminals/management/udp"].reason in (Reason.UNREACHABLE, Reason.COUNTER_STILL)


def test_a_drop_before_the_ruleset_is_not_taken_for_the_ruleset() -> None:
    """A filter on the way swallows the packets: silent, but the gateway counted nothing."""
    packets.load(packets.ruleset())
    terminals = packets.spots()[Place("terminals")].namespace
    swallow = "table ip swallow {\nchain o {\ntype filter hook prerouting priority -300;\niifname eth2 ip daddr 10.79.0.0/24 drop\n}\n}\n"
    command.run([*inside(packets.GATEWAY), "nft", "-f", "-"], command.Run(stdin=swallow))

    results = packets.verify(packets.plan())

    assert terminals
    for protocol in ("icmp", "tcp", "udp"):
        assert results[f"blocked/terminals/management/{protocol}"].reason is Reason.COUNTER_STILL
    assert results["blocked/terminals/servers/udp"].reason is Reason.DROPPED


def test_a_listener_that_its_own_zone_cannot_reach_proves_nothing() -> None:
    packets.load(packets.ruleset())
    second = packets.spots()[Place("management", "", 1)].namespace
    packets.ip("-n", second, "link", "set", "eth0", "down")
    try:
        results = packets.verify(packets.plan())
    finally:
        packets.ip("-n", second, "link", "set", "eth0", "up")
        packets.ip("-n", second, "route", "replace", "default", "via", "10.79.0.1")

    assert results["blocked/terminals/management/tcp"].outcome is Outcome.FAILED
    assert results["blocked/terminals/management/tcp"].reason is Reason.LISTENER_DEAD


def test_a_zone_without_a_vantage_is_not_tested() -> None:
    packets.load(packets.ruleset())

    results = packets.verify(packets.plan(), packets.spots(without="servers"))

    assert results["flow/use"].outcome is Outcome.NOT_TESTED
    assert results["blocked/servers/management/tcp"].outcome is Outcome.NOT_TESTED
    assert results["blocked/terminals/servers/udp"].outcome is Outcome.NOT_TESTED
    assert results["blocked/terminals/management/udp"].outcome is Outcome.PASSED
