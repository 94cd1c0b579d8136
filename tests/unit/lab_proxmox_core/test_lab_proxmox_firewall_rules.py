"""What the API says of firewalls, resolved to what a switch filters."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from ipaddress import IPv4Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.lab import guest_firewall
from provisioner.lab.guests.firewall import Action, Card, Filter
from provisioner.lab.proxmox.firewall_filter import filter_of, link_local, ports
from provisioner.lab.proxmox.firewall_names import Names
from provisioner.lab.proxmox.installer import database
from provisioner.lab.proxmox.store import Store
from tests.unit.lab_proxmox_core.client import Api

GUEST = "/nodes/pve1/qemu/100"
RULES = f"{GUEST}/firewall/rules"


@pytest.fixture
def guest(with_image: Api) -> Api:
    """A guest with two cards, one of them behind the firewall, which is on."""
    cards = {"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=5,firewall=1", "net1": "virtio=BC:24:11:00:00:02,bridge=vmbr0"}
    assert with_image.task("POST", "/nodes/pve1/qemu", vmid=100, **cards) == "OK"
    with_image.data("PUT", "/cluster/firewall/options", enable=1)
    with_image.data("PUT", f"{GUEST}/firewall/options", enable=1)
    return with_image


@pytest.fixture
def store(guest: Api) -> Iterator[Store]:
    """What the server keeps, opened once more."""
    found = Store(database(guest.root))
    yield found
    found.close()


def _card(store: Store) -> Card:
    (card,) = filter_of(store, "pve1").cards
    return card


def test_the_defaults_are_proxmoxs(store: Store) -> None:
    card = _card(store)

    assert (card.vmid, card.index, card.bridge, card.vlan) == (100, 0, "vmbr0", 5)
    assert (card.into.policy, card.out.policy) == (Action.DROP, Action.ACCEPT)
    assert (card.macfilter, card.dhcp, card.ndp, card.radv, card.own) == (True, True, True, False, None)
    assert filter_of(store, "pve1") == Filter(cards=(card,), allow_invalid=False, smurfs=True, tcp_flags=False)


def test_a_group_stands_in_its_place_and_a_macro_becomes_its_ports(guest: Api, store: Store) -> None:
    guest.data("POST", "/cluster/firewall/groups", group="web")
    guest.data("POST", "/cluster/firewall/groups/web", type="in", action="ACCEPT", macro="Web", enable=1)
    for rule in ({"action": "REJECT"}, {"type": "group", "action": "web"}, {"action": "DROP", "proto": "tcp", "dport": "443"}):
        guest.data("POST", RULES, **{"type": "in", "enable": 1, **rule})

    assert [(rule.action, rule.destination_ports) for rule in _card(store).into.rules] == [
        (Action.DROP, ("443",)),
        (Action.ACCEPT, ("80",)),
        (Action.ACCEPT, ("443",)),
        (Action.REJECT, ()),
    ]


def test_a_rule_for_one_card_is_no_other_cards(guest: Api, store: Store) -> None:
    guest.data("POST", RULES, type="in", action="ACCEPT", iface="net1", enable=1)

    assert _card(store).into.rules == ()


def test_the_set_of_a_cards_own_addresses_switches_its_filter_on(guest: Api, store: Store) -> None:
    guest.data("POST", f"{GUEST}/firewall/ipset", name="ipfilter-net0")
    guest.data("POST", f"{GUEST}/firewall/ipset/ipfilter-net0", cidr="10.0.0.5")

    assert _card(store).own == (ip_network("10.0.0.5"), ip_network("fe80::be24:11ff:fe00:1"))


@pytest.mark.parametrize(
    ("rule", "field", "text"),
    [
        ({"proto": "tcp", "dport": "90000"}, "dport", "invalid port '90000'"),
        ({"proto": "tcp", "dport": "90:80"}, "dport", "backwards range '90:80' not allowed, use '80:90' instead"),
        ({"proto": "icmp", "dport": "80"}, "dport", "protocol icmp does not support ports"),
        ({"proto": "nope"}, "proto", "unknown protocol 'nope'"),
        ({"macro": "Nope"}, "macro", "unknown macro 'Nope'"),
        ({"source": "+none"}, "source", "no such ipset '+none'"),
        ({"dest": "dc/none"}, "dest", "no such alias 'dc/none'"),
        ({"action": "QUEUE"}, "action", "unknown action 'QUEUE'"),
        ({"type": "group", "action": "none"}, "action", "no such security group 'none'"),
        ({"type": "forward"}, "type", "forward rules only allowed for a host"),
        ({"proto": "icmp", "icmp-type": "nope"}, "icmp-type", "invalid icmp-type 'nope' for proto 'icmp'"),
    ],
)
def test_a_rule_that_means_nothing_is_refused(guest: Api, rule: dict[str, str], field: str, text: str) -> None:
    answer = guest.call("POST", RULES, **{"type": "in", "action": "ACCEPT", **rule})

    assert (answer.status_code, answer.json()["errors"]) == (400, {field: text})
    assert guest.rows("GET", RULES) == []


def test_the_more_exact_member_of_a_set_decides(guest: Api, store: Store) -> None:
    guest.data("POST", "/cluster/firewall/ipset", name="clients")
    for cidr, nomatch in (("10.1.2.0/24", 0), ("10.0.0.0/8", 0), ("10.1.0.0/16", 1)):
        guest.data("POST", "/cluster/firewall/ipset/clients", cidr=cidr, nomatch=nomatch)
    held = Names(store, "100").members("clients") or ()

    inside = {text: any(IPv4Address(text) in network for network in held) for text in ("10.9.9.9", "10.1.9.9", "10.1.2.3", "11.0.0.1")}
    assert inside == {"10.9.9.9": True, "10.1.9.9": False, "10.1.2.3": True, "11.0.0.1": False}


@given(st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 200)), min_size=1, max_size=8))
def test_ports_are_the_same_set_without_overlaps(spans: list[tuple[int, int]]) -> None:
    given_ = [(low, min(65535, low + more)) for low, more in spans]
    found = [tuple(map(int, part.split("-"))) for part in ports(",".join(f"{low}:{high}" for low, high in given_))]

    wanted = {port for low, high in given_ for port in range(low, high + 1)}
    assert {port for span in found for port in range(span[0], span[-1] + 1)} == wanted
    assert all(before[-1] + 1 < after[0] for before, after in itertools.pairwise(found))


def test_a_macs_link_local_address_is_that_of_rfc_4291() -> None:
    assert str(link_local("34:56:78:9a:bc:de")) == "fe80::3656:78ff:fe9a:bcde"


def test_no_card_leaves_no_table() -> None:
    text = guest_firewall.ruleset(Filter(), lambda card: f"p{card.vmid}", ())

    assert text.splitlines() == [f"{verb} {family} pve_firewall" for family in ("bridge", "inet") for verb in ("table", "delete table")]
