"""The hypervisor's firewall is in force: what the API says of it decides over real packets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from ipaddress import IPv4Interface
from time import monotonic, sleep
from typing import TypeVar

import pytest

from provisioner.lab import guest_firewall, wires
from tests.lab.cables import BRIDGE, NODE, ask, cabled_lab, inside, ip, listening, logging
from tests.unit.lab_proxmox_core.client import Api

_Seen = TypeVar("_Seen")
pytestmark = pytest.mark.lab

SERVER, ROUTER = 100, 101
MAC = "BC:24:11:00:01:00"
NEAR, FAR = "10.9.10.9", "10.9.20.9"  # a client in the server's VLAN, one behind the router
ADDRESS = "10.9.10.5"
GUEST = f"/nodes/{NODE}/qemu/{SERVER}"
_SECONDS = 5.0


def _guest(api: Api, vmid: int, **config: str) -> None:
    api.data("POST", f"/nodes/{NODE}/qemu", vmid=vmid, ide2="local:cloudinit", **config)
    api.data("POST", f"/nodes/{NODE}/qemu/{vmid}/status/start")


def _client(name: str, vlan: int, address: str, gateway: str) -> str:
    namespace = f"{wires.prefix()}-{name}"
    wires.make(namespace)
    wires.attach(wires.Port(namespace=namespace, interface="eth0", mac=None, node=NODE, bridge=BRIDGE, vlan=vlan))
    ip("-n", namespace, "addr", "replace", str(IPv4Interface(f"{address}/24")), "dev", "eth0")
    ip("-n", namespace, "link", "set", "eth0", "up")
    ip("-n", namespace, "route", "replace", "default", "via", gateway)
    return namespace


def _until(look: Callable[[], _Seen], expected: _Seen) -> _Seen:
    """Return what is seen once it is what is expected, or when the time is over: rules take a moment to come into force."""
    deadline = monotonic() + _SECONDS
    while (seen := look()) != expected and monotonic() < deadline:
        sleep(0.1)
    return seen


class Site:
    """A server behind the firewall, a router of two VLANs, a client in each."""

    def __init__(self, api: Api) -> None:
        """Build it; its firewalls are off."""
        self.api = api
        api.data("PUT", "/storage/local", content="images,import,iso")
        _guest(api, SERVER, net0=f"virtio={MAC},bridge={BRIDGE},tag=10,firewall=1", ipconfig0=f"ip={ADDRESS}/24,gw=10.9.10.1")
        cards = {f"net{n}": f"virtio=BC:24:11:00:02:0{n},bridge={BRIDGE},tag={tag},firewall=1" for n, tag in ((0, 10), (1, 20))}
        _guest(api, ROUTER, ipconfig0="ip=10.9.10.1/24", ipconfig1="ip=10.9.20.1/24", **cards)
        inside(wires.guest(ROUTER), "sysctl", "-qw", "net.ipv4.ip_forward=1")
        self.near = _client("near", 10, NEAR, "10.9.10.1")
        self.far = _client("far", 20, FAR, "10.9.20.1")

    def rules(self, *rules: dict[str, str], **options: object) -> None:
        """Switch the firewalls on, with these rules in this order and nothing else."""
        self.api.data("PUT", "/cluster/firewall/options", enable=1)
        for vmid, more in ((SERVER, options), (ROUTER, {"policy_in": "ACCEPT"})):
            self.api.data("PUT", f"/nodes/{NODE}/qemu/{vmid}/firewall/options", **{"enable": 1, **more})
        for _ in self.api.rows("GET", f"{GUEST}/firewall/rules"):
            self.api.data("DELETE", f"{GUEST}/firewall/rules/0")
        for rule in reversed(rules):
            self.api.data("POST", f"{GUEST}/firewall/rules", **{"type": "in", "action": "ACCEPT", "enable": "1", **rule})

    def saw(self, *ports: int, client: str = "", expected: dict[int, str]) -> dict[int, str]:
        """Return what a client saw on ports of the server, once it is what is expected or the time is over."""
        return _until(lambda: {port: ask(client or self.near, ADDRESS, port) for port in ports}, expected)

    def check(self, client: str = "", **expected: str) -> None:
        """Assert what a client sees: `p80="hello"`."""
        wanted = {int(name[1:]): value for name, value in expected.items()}
        assert self.saw(*wanted, client=client, expected=wanted) == wanted

    def refused(self) -> int:
        """Return how many packets the server's inbound policy has refused."""
        listing = inside(wires.switch(NODE), "nft", "list", "counters").stdout
        return guest_firewall.refused(listing).get((SERVER, 0, "in"), 0)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site, for the whole module: each test sets its own rules."""
    root = tmp_path_factory.mktemp("firewall")
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setenv("TERANGA_STATE", str(root / "state"))
        built = Site(stack.enter_context(cabled_lab(root / "api")))
        stack.enter_context(listening(wires.guest(SERVER), 80, 81, 5432))
        stack.enter_context(listening(built.near, 90))
        yield built


def test_nothing_is_filtered_until_the_cluster_the_guest_and_the_card_say_so(site: Site) -> None:
    site.check(p80="hello", p81="hello")
    site.rules()
    site.check(p80="silence")
    site.api.data("PUT", f"{GUEST}/firewall/options", enable=0)
    site.check(p80="hello")
    site.api.data("PUT", f"{GUEST}/firewall/options", enable=1)
    site.check(p80="silence")
    site.api.data("PUT", "/cluster/firewall/options", enable=0)
    site.check(p80="hello")


def test_a_rule_opens_one_port_and_the_policy_counts_what_it_refuses(site: Site) -> None:
    site.rules({"proto": "tcp", "dport": "80"})
    site.check(p80="hello", p81="silence")
    before = site.refused()
    site.check(p81="silence")

    assert site.refused() > before


def test_a_flow_through_the_router_is_judged_where_it_enters_the_server(site: Site) -> None:
    site.rules({"proto": "tcp", "dport": "80", "source": "10.9.20.0/24"})
    site.check(client=site.far, p80="hello", p81="silence")
    site.check(p80="silence")


def test_the_first_rule_that_matches_decides_and_a_disabled_one_does_not(site: Site) -> None:
    site.rules(
        {"proto": "tcp", "dport": "80", "action": "DROP", "source": NEAR},
        {"proto": "tcp", "dport": "81", "action": "DROP", "enable": "0"},
        {"proto": "tcp", "dport": "80:81"},
    )
    site.check(p80="silence", p81="hello")
    site.check(client=site.far, p80="hello")


def test_reject_says_so_and_drop_is_silent(site: Site) -> None:
    site.rules({"proto": "tcp", "dport": "80", "action": "REJECT"}, policy_in="DROP")
    site.check(p80="refused", p81="silence")
    site.api.data("PUT", f"{GUEST}/firewall/options", policy_in="REJECT")
    site.check(p81="refused")
    site.api.data("PUT", f"{GUEST}/firewall/options", delete="policy_in")


def test_groups_macros_aliases_and_sets_mean_what_they_name(site: Site) -> None:
    api = site.api
    api.data("POST", "/cluster/firewall/groups", group="web")
    api.data("POST", "/cluster/firewall/ipset", name="clients")
    api.data("POST", "/cluster/firewall/aliases", name="far-zone", cidr="10.9.20.0/24")
    api.data("POST", "/cluster/firewall/ipset/clients", cidr="10.9.0.0/16")
    api.data("POST", "/cluster/firewall/ipset/clients", cidr="dc/far-zone", nomatch=1)
    api.data("POST", "/cluster/firewall/groups/web", type="in", action="ACCEPT", macro="HTTP", source="+clients", enable=1)
    api.data("POST", f"{GUEST}/firewall/aliases", name="neighbour", cidr=NEAR)
    site.rules({"type": "group", "action": "web"}, {"proto": "tcp", "dport": "5432", "source": "guest/neighbour"})
    site.check(p80="hello", p81="silence", p5432="hello")
    site.check(client=site.far, p80="silence", p5432="silence")

    api.data("PUT", "/cluster/firewall/aliases/far-zone", cidr="10.99.0.0/24")
    site.check(client=site.far, p80="hello")


def test_answers_to_what_the_guest_began_come_in_unless_it_may_not_begin(site: Site) -> None:
    site.rules()
    assert ask(wires.guest(SERVER), NEAR, 90) == "hello"

    site.rules({"type": "out", "proto": "tcp", "dport": "90", "action": "ACCEPT"}, policy_out="DROP")
    site.check(p80="silence")
    assert ask(wires.guest(SERVER), NEAR, 90) == "hello"
    site.rules(policy_out="DROP")
    assert _until(lambda: ask(wires.guest(SERVER), NEAR, 90), "silence") == "silence"
    site.api.data("PUT", f"{GUEST}/firewall/options", delete="policy_out")


def test_a_forged_mac_and_a_foreign_address_are_refused(site: Site) -> None:
    guest = wires.guest(SERVER)
    site.rules({"proto": "tcp"}, policy_out="ACCEPT")
    site.check(p80="hello")
    ip("-n", guest, "link", "set", "eth0", "address", "02:00:00:00:00:99")
    ip("-n", site.near, "neigh", "flush", "all")
    assert ask(site.near, ADDRESS, 80) in ("silence", "")  # no answer to ARP either
    site.api.data("PUT", f"{GUEST}/firewall/options", macfilter=0)
    site.check(p80="hello")
    ip("-n", guest, "link", "set", "eth0", "address", MAC.lower())
    ip("-n", site.near, "neigh", "flush", "all")
    site.api.data("PUT", f"{GUEST}/firewall/options", delete="macfilter")

    site.api.data("POST", f"{GUEST}/firewall/ipset", name="ipfilter-net0")
    site.api.data("POST", f"{GUEST}/firewall/ipset/ipfilter-net0", cidr=ADDRESS)
    site.check(p80="hello")
    site.api.data("DELETE", f"{GUEST}/firewall/ipset/ipfilter-net0/{ADDRESS}")
    site.api.data("POST", f"{GUEST}/firewall/ipset/ipfilter-net0", cidr="10.9.10.6")
    assert _until(lambda: ask(guest, NEAR, 90), "silence") in ("silence", "")
    site.api.data("DELETE", f"{GUEST}/firewall/ipset/ipfilter-net0", force=1)
    site.check(p80="hello")


def test_a_guest_that_starts_is_protected_from_its_first_packet(site: Site) -> None:
    site.rules({"proto": "tcp", "dport": "80"})
    site.check(p80="hello", p81="silence")
    inside(wires.switch(NODE), "nft", "flush", "ruleset")  # as after a lab that was taken down
    site.api.data("POST", f"/nodes/{NODE}/qemu/{ROUTER}/status/stop")
    site.api.data("POST", f"/nodes/{NODE}/qemu/{ROUTER}/status/start")

    site.check(p80="hello", p81="silence")


def test_what_a_policy_refuses_is_logged_where_the_level_says_so(site: Site) -> None:
    site.rules({"proto": "tcp", "dport": "80"}, log_level_in="info")
    site.check(p80="hello")
    with logging(wires.switch(NODE), guest_firewall.LOG_GROUP) as lines:
        ask(site.near, ADDRESS, 81)
        logged = next(lines)
    site.api.data("PUT", f"{GUEST}/firewall/options", delete="log_level_in")

    assert logged.strip() == f":{SERVER}:info:tap{SERVER}i0-IN: policy DROP:"


def test_a_link_that_is_down_shows_as_no_carrier_and_a_card_moves_to_another_vlan_while_it_runs(site: Site) -> None:
    card = f"virtio={MAC},bridge={BRIDGE},firewall=1"
    site.rules({"proto": "tcp", "dport": "80"})
    site.check(p80="hello")
    site.api.data("PUT", f"{GUEST}/config", net0=f"{card},tag=10,link_down=1")
    assert "NO-CARRIER" in inside(wires.guest(SERVER), "ip", "link", "show", "eth0").stdout
    assert ask(site.near, ADDRESS, 80) in ("silence", "")

    site.api.data("PUT", f"{GUEST}/config", net0=f"{card},tag=30")
    assert ask(site.near, ADDRESS, 80) in ("silence", "")
    site.api.data("PUT", f"{GUEST}/config", net0=f"{card},tag=10")
    site.check(p80="hello", p81="silence")
