"""`verify` across a real WireGuard tunnel, from a hub whose own ruleset drops what it may not send."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from provisioner import command
from provisioner.centre.verify.namespaces import inside
from provisioner.observed.acceptance import Outcome, Reason
from tests.lab import packets

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="needs root for network namespaces")]

HUB_RULES = """table inet hub {
chain output {
type filter hook output priority 0; policy drop;
oifname lo accept
oifname up0 accept
ct state established,related accept
tcp dport 9100 accept
icmp type echo-request accept
}
}
"""


@pytest.fixture(scope="module", autouse=True)
def site() -> Iterator[None]:
    """Keep the site and its hub for the whole module."""
    with packets.tunnelled_site():
        command.run([*inside(packets.HUB), "nft", "-f", "-"], command.Run(stdin=HUB_RULES))
        yield


def test_what_crosses_a_good_tunnel_passes_and_the_rest_is_counted() -> None:
    packets.load(packets.tunnelled_ruleset())

    results = packets.verify(packets.tunnelled_plan(), packets.tunnelled_spots())

    assert {check: (result.reason, result.seen) for check, result in results.items() if result.outcome is not Outcome.PASSED} == {}
    assert results["tunnel/essai-fibre-hub"].reason is Reason.TUNNEL_UP
    assert results["blocked/vpn/terminals/udp"].reason is Reason.DROPPED


def test_a_hole_towards_the_hub_or_from_it_is_found() -> None:
    hole = f'iifname "{packets.SITE_WG}" oifname "eth2" udp dport 20000 accept\niifname "{packets.SITE_WG}" oifname "eth0" tcp dport 20000 accept'  # noqa: E501
    rules = packets.tunnelled_ruleset().replace(
        "type filter hook forward priority 0; policy drop;", f"type filter hook forward priority 0; policy drop;\n{hole}"
    )
    packets.load(rules)

    results = packets.verify(packets.tunnelled_plan(), packets.tunnelled_spots())

    assert {check: result.reason for check, result in results.items() if result.outcome is Outcome.FAILED} == {
        "blocked/vpn/management/tcp": Reason.LET_THROUGH,
        "blocked/vpn/terminals/udp": Reason.LET_THROUGH,
    }
