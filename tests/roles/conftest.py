"""A small Kédougou of real guests, converged once for all tests of this folder: gateway, database, one service, a hub."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Interface
from pathlib import Path

import pytest

from provisioner import command, places
from provisioner.adapters import ansible, images
from provisioner.centre.inside import Inside
from provisioner.centre.keys import control_key, write_known_hosts
from provisioner.lab import wires
from provisioner.lab.guests import base, driver
from provisioner.lab.guests.nspawn import NspawnDriver
from provisioner.load import load
from provisioner.plan import Plan, build
from provisioner.plan.plan import Guest, GuestRole
from provisioner.plan.reach import control_address

SERVICE = "recettes"
GUESTS = ("database", SERVICE)
NAME = f"{SERVICE}.kedougou.teranga.internal"
ADDRESS = "10.65.1.23"
_HOST_KEY = "/etc/ssh/ssh_host_ed25519_key.pub"
_PATIENCE = 90.0


@dataclass
class Bench:
    """The guests of two sites, and what converges and looks at them."""

    driver: NspawnDriver
    centre: Plan
    hub: Plan

    def namespace(self, plan: Plan, zone: str) -> str:
        """Return the namespace of a client in a zone."""
        return f"{wires.prefix()}-{plan.slot}-{zone}"

    def inventory(self, plan: Plan) -> Mapping[str, object]:
        """Return the inventory with the public keys that the gateways have made."""
        proxy = ("ip", "netns", "exec", self.namespace(plan, "management"), "nc", "%h", "%p")
        keys = [(tunnel.id, self._key(plan, tunnel.id)) for tunnel in self.centre.tunnels]
        peers = {name: key for name, key in keys if key}
        return ansible.prepare(plan, places.site(plan.site), peers=peers, proxy=proxy, now=datetime.now(UTC))

    def _key(self, plan: Plan, tunnel_id: str) -> str:
        """Return the public key at the other end of a tunnel, or an empty text."""
        tunnel = next(tunnel for tunnel in self.centre.tunnels if tunnel.id == tunnel_id)
        other, interface = (self.hub, tunnel.hub_interface) if plan is self.centre else (self.centre, tunnel.interface)
        try:
            return self.read(other, "gateway", f"/etc/wireguard/{interface}.pub").strip()
        except driver.AgentError:
            return ""

    def converge(self, plan: Plan, *guests: str) -> Mapping[str, ansible.HostResult]:
        """Converge guests and return their results by name."""
        results = ansible.converge(places.site(plan.site), self.inventory(plan), guests, lambda _event: None)
        return {result.guest: result for result in results}

    def read(self, plan: Plan, guest: str, path: str) -> str:
        """Return a file of a guest, by its agent."""
        vmid = next(one.vmid for one in plan.guests if one.name == guest)
        return self.driver.read_file(plan.node, vmid, path, 1 << 20).decode()

    def way(self) -> Inside:
        """Return the way into the centre's guests as control has it."""
        return Inside(plan=self.centre, proxy=("ip", "netns", "exec", self.namespace(self.centre, "management"), "nc", "%h", "%p"))

    def curl(self, path: str, *options: str) -> tuple[str, str]:
        """Return status and body of the service's answer over TLS, as a terminal gets it."""
        trusted = ("--cacert", str(places.site("kedougou").pki / "ca.pem"), "--resolve", f"{NAME}:443:{ADDRESS}")
        done = self.run("terminals", "curl", "-sS", "-m", "10", "-w", "\n%{http_code}", *trusted, *options, f"https://{NAME}{path}")
        body, _, status = done.stdout.rpartition("\n")
        return status, body or done.stderr

    def record(self, payer: str) -> None:
        """Have the service keep a record, as a terminal does."""
        said = json.dumps({"numero_quittance": "Q", "redevable": payer})
        assert self.curl("/api/fiches", "-H", "Content-Type: application/json", "-d", said)[0] == "201"

    def payers(self) -> list[str]:
        """Return the payers of the records that the service finds, sorted."""
        return sorted(one["champs"]["redevable"] for one in json.loads(self.curl("/api/fiches?q=essai")[1])["fiches"])

    def run(self, zone: str, *argv: str) -> command.Completed:
        """Run a program at a client of the centre."""
        where = ("ip", "netns", "exec", self.namespace(self.centre, zone))
        return command.attempt((*where, *argv), command.Run(timeout=timedelta(seconds=30)))

    def inside(self, plan: Plan, guest: str, text: str) -> command.Completed:
        """Run a command in a guest as control does."""
        one = next(one for one in plan.guests if one.name == guest)
        at = places.site(plan.site)
        proxy = f"ip netns exec {self.namespace(plan, 'management')} nc %h %p"
        options = ("-F", "/dev/null", "-i", str(at.ssh_key), "-o", f"UserKnownHostsFile={at.known_hosts}", "-o", f"ProxyCommand={proxy}")
        target = f"teranga@{control_address(plan, one)}"
        argv = ("ssh", *options, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", target, text)
        return command.attempt(argv, command.Run(timeout=timedelta(seconds=30)))


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Stand the guests up, converge them in the order of `up`, take everything down at the end."""
    if os.geteuid() != 0 or shutil.which("systemd-nspawn") is None:
        pytest.skip("guests need root and systemd-nspawn")
    built = images.every("server")
    if not built:
        pytest.skip("no image; make one with `teranga image build server`")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERANGA_STATE", str(tmp_path_factory.mktemp("state")))
        yield from _stand(built[0].path)


@pytest.fixture(scope="session")
def converged(bench: Bench) -> Mapping[str, ansible.HostResult]:
    """Converge: the hub, the centre's gateway, the hub again with the centre's key, the other guests."""
    first = bench.converge(bench.hub, "gateway")
    results = dict(bench.converge(bench.centre, "gateway"))
    again = bench.converge(bench.hub, "gateway")
    results |= bench.converge(bench.centre, *GUESTS)
    return results | {"hub": first["gateway"], "hub again": again["gateway"]}


def _stand(disk: Path) -> Iterator[Bench]:
    inventory = load(places.CHECKOUT / "inventory")
    whole = build(inventory, "kedougou")
    centre = _smaller(whole)
    bench = Bench(driver=NspawnDriver(places.lab()), centre=centre, hub=build(inventory, "hub-dakar"))
    places.lab().mkdir(parents=True)
    machines = [_machine(plan, guest, disk) for plan in (bench.hub, centre) for guest in plan.guests]
    try:
        for plan in (bench.hub, centre):
            _wire(bench, plan)
        for machine in machines:
            bench.driver.start(machine)
        for plan in (bench.hub, centre):
            _pin(bench, plan)
        yield bench
    finally:
        for machine in machines:
            bench.driver.stop(machine)
            bench.driver.erase(machine.node, machine.vmid)
        base.unmount(places.lab())
        for name in wires.every():
            wires.remove(name)


def _smaller(whole: Plan) -> Plan:
    """Return a plan with one service; the flows of the others go with them."""
    guests = tuple(guest for guest in whole.guests if _chosen(guest))
    names = {guest.name for guest in guests} | {None}
    return replace(
        whole,
        guests=guests,
        services=tuple(service for service in whole.services if service.guest in names),
        flows=tuple(flow for flow in whole.flows if {flow.source.guest, flow.destination.guest} <= names),
    )


def _chosen(guest: Guest) -> bool:
    return guest.role is not GuestRole.SERVICE or guest.name == SERVICE


def _machine(plan: Plan, guest: Guest, disk: Path) -> driver.Machine:
    nics = tuple(driver.Nic(index=nic.index, mac=nic.mac, bridge=plan.bridge, vlan=nic.vlan) for nic in guest.nics)
    addresses = tuple(driver.IpConfig(index=nic.index, address=nic.address, gateway=nic.gateway) for nic in guest.nics)
    init = driver.CloudInit(
        user="teranga",
        password_hash=None,
        ssh_keys=(control_key(plan.site),),
        addresses=addresses,
        nameservers=tuple(map(str, guest.nameservers)),
        search_domain=plan.domain,
        upgrade=False,
    )
    return driver.Machine(
        node=plan.node,
        vmid=guest.vmid,
        name=guest.name,
        uuid=str(guest.uuid),
        cores=guest.cores,
        memory=guest.memory << 20,
        disk=disk,
        disk_size=disk.stat().st_size,
        nics=nics,
        cloud_init=init,
        agent=True,
    )


def _wire(bench: Bench, plan: Plan) -> None:
    """Give each zone with a vantage a client, and the site its operator."""
    for zone in plan.zones:
        if zone.vlan is not None and zone.vantages:
            name = bench.namespace(plan, zone.name)
            port = wires.Port(namespace=name, interface="eth0", mac=None, node=plan.node, bridge=plan.bridge, vlan=zone.vlan)
            wires.client(name, port, IPv4Interface((zone.vantages[0], zone.prefix.prefixlen)), zone.gateway)
    up = plan.uplinks[0]
    operator = IPv4Interface((up.gateway, up.address.network.prefixlen))
    wires.connect(wires.Uplink(node=plan.node, bridge=plan.bridge, site=up.address, operator=operator, behind=plan.prefix))


def _pin(bench: Bench, plan: Plan) -> None:
    """Write the host keys, once every guest has made its own."""
    deadline, keys = time.monotonic() + _PATIENCE, {}
    for guest in plan.guests:
        address = str(control_address(plan, guest))
        while address not in keys:
            try:
                keys[address] = bench.read(plan, guest.name, _HOST_KEY)
            except driver.AgentError:
                assert time.monotonic() < deadline, guest.name
                time.sleep(0.5)
    write_known_hosts(plan.site, keys)


def counters(bench: Bench) -> Mapping[str, int]:
    """Return the packets of the gateway's named counters."""
    text = bench.inside(bench.centre, "gateway", "sudo nft -j list counters").stdout
    items = [item["counter"] for item in json.loads(text)["nftables"] if "counter" in item]
    return {item["name"]: item["packets"] for item in items}
