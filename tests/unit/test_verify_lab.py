"""Which namespace of the lab stands for which place of the plan, and what the gateway's own words mean."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path

import pytest

from provisioner import places
from provisioner.centre.verify import lab
from provisioner.centre.verify.blocked import counter
from provisioner.centre.verify.namespaces import counters
from provisioner.centre.verify.ports import Place
from provisioner.centre.verify.remote import handshakes
from provisioner.centre.verify.site import selected
from provisioner.errors import UsageError
from provisioner.load import load
from provisioner.plan import build
from provisioner.plan.plan import Check, CheckKind, Endpoint, Plan, Protocol


class Lent:
    """A fake lab: each namespace's name says what was asked for."""

    def __init__(self, *running: int) -> None:
        self.running = running

    def vantage(self, site: str, vlan: int, address: IPv4Interface, gateway: IPv4Address) -> str:
        return f"{site}-{vlan}-{address}-{gateway}"

    def internet(self, index: int) -> tuple[str, IPv4Address]:
        return f"internet{index}", IPv4Address("198.51.100.250") + index

    def outside(self, address: IPv4Address) -> str | None:
        return f"outside-{address}"

    def terminal(self, site: str, vlan: int, mac: str) -> str:
        return f"{site}-{vlan}-{mac}"

    def lease(self, namespace: str) -> IPv4Address:
        return IPv4Address("10.65.3.101") if namespace.endswith("53:01") else IPv4Address("10.65.3.199")

    def guest(self, node: str, vmid: int) -> str | None:
        return f"{node}-{vmid}" if vmid in self.running else None


@pytest.fixture(scope="module")
def kedougou() -> Plan:
    return build(load(places.CHECKOUT / "inventory"), "kedougou")


HUBS = {"hub-dakar": ("pve-hub-dakar", 100101)}


def test_a_whole_lab_gives_every_vantage_of_every_check(kedougou: Plan) -> None:
    running = (*(guest.vmid for guest in kedougou.guests), 100101)
    found = lab.spots(kedougou, Lent(*running), HUBS)

    wanted = {check.vantage for check in kedougou.checks if check.kind is not CheckKind.LISTENING}
    missing = {text for text in wanted if Place(text.partition("/")[0], text.partition("/")[2]) not in found}
    assert missing == set()
    assert found[Place("terminals", "", 1)].namespace == "kedougou-40-10.65.3.251/24-10.65.3.1"
    assert found[Place("vpn")].whereabouts.inject == "wg-fibre"
    assert found[Place("wan")].whereabouts.address == IPv4Address("198.51.100.250")


def test_a_stopped_hub_leaves_no_vantage_in_vpn(kedougou: Plan) -> None:
    found = lab.spots(kedougou, Lent(101601), HUBS)

    assert Place("vpn") not in found
    assert Place("vpn", "gateway") in found


def test_without_a_lab_there_is_no_vantage(kedougou: Plan) -> None:
    with lab.vantages(kedougou, None, {}) as places_of_none:
        assert places_of_none.session(Place("servers")) is None


def test_leases_come_from_the_device_of_the_reservation(kedougou: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERANGA_STATE", str(tmp_path))
    with lab.vantages(kedougou, Lent(), HUBS) as vantages:
        assert vantages.lease(kedougou.reservations[0]) == IPv4Address("10.65.3.101")


def test_handshakes_are_aged_by_the_gateways_own_clock() -> None:
    text = "1000\nwg-fibre-1\tKEY\t970\nwg-fibre-1\tNEW\t0\n--\nwg-fibre-1\tKEY\t10.65.14.1/32 10.64.16.0/20\nwg-fibre-1\tNEW\t(none)\n"

    old, new = handshakes(text)

    assert (old.age, old.allowed) == (timedelta(seconds=30), (IPv4Network("10.65.14.1/32"), IPv4Network("10.64.16.0/20")))
    assert (new.age, new.allowed) == (None, ())


def test_counters_are_read_from_nft() -> None:
    text = '{"nftables": [{"metainfo": {}}, {"counter": {"family": "inet", "name": "forward_drop", "packets": 7, "bytes": 420}}]}'

    assert counters(text) == {"forward_drop": 7}


def _blocked(guest: str | None) -> Check:
    return Check(
        id="x",
        kind=CheckKind.BLOCKED,
        vantage="staff-wifi",
        target=Endpoint(zone="servers", guest=guest),
        address=None,
        protocol=Protocol.TCP,
    )


@pytest.mark.parametrize(
    ("guest", "names", "name"),
    [
        (None, ("forward_drop", "drop_staff_wifi_servers"), "drop_staff_wifi_servers"),
        (None, ("drop_staff-wifi_servers",), "drop_staff-wifi_servers"),
        (None, ("forward_drop", "input_drop"), "forward_drop"),
        ("gateway", ("forward_drop", "input_drop"), "input_drop"),
        ("gateway", ("drop_staff_wifi_gateway",), "drop_staff_wifi_gateway"),
    ],
)
def test_the_pairs_own_counter_is_preferred(guest: str | None, names: tuple[str, ...], name: str) -> None:
    assert counter(_blocked(guest), dict.fromkeys(names, 0)) == name


def test_a_selection_of_services_brings_the_leases_of_its_terminals(kedougou: Plan) -> None:
    chosen = {check.id for check in selected(kedougou, "service/etat-civil")}

    assert chosen == {"service/etat-civil", *(f"dhcp/terminals/terminal-{n}" for n in range(1, 5))}


def test_a_selection_of_nothing_is_a_usage_error(kedougou: Plan) -> None:
    with pytest.raises(UsageError, match="no check of the plan matches"):
        selected(kedougou, "blokced/*")


def test_the_host_of_a_partner_is_a_place_of_the_internet_side() -> None:
    plan = build(load(places.CHECKOUT / "inventory"), "ess-thies")
    running = (*(guest.vmid for guest in plan.guests), 100101)

    found = lab.spots(plan, Lent(*running), HUBS)

    assert found[Place("wan", "la-poste")].namespace == "outside-198.51.100.20"
    assert {check.id for check in plan.checks if check.vantage == "partner" and "wan" in check.id} == {
        "blocked/partner/wan-beside-la-poste/tcp/443",
        "blocked/partner/wan/icmp",
        "blocked/partner/wan/tcp",
        "blocked/partner/wan/udp",
    }
