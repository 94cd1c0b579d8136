"""Guests that are bare namespaces on the lab's real switch: cards and cables, no system. For tests that send real packets."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import requests

from provisioner import command
from provisioner.lab import wires
from provisioner.lab.guests.driver import Machine, Nic
from provisioner.lab.guests.record import RecordDriver
from provisioner.lab.proxmox.server import Server, add_node
from tests.unit.lab_proxmox_core.client import PASSWORD, SECRET, TOKEN, Api, give_token

NODE, BRIDGE = "pve1", "vmbr1"
_LISTEN = """
import socket, sys, selectors
ready = selectors.DefaultSelector()
for port in map(int, sys.argv[1:]):
    ready.register(socket.create_server(("0.0.0.0", port)), selectors.EVENT_READ)
print("listening", flush=True)
while True:
    for key, _ in ready.select():
        with key.fileobj.accept()[0] as peer:
            peer.sendall(b"hello")
"""
_ASK = """
import socket, sys
try:
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), 0.4) as peer:
        print(peer.recv(9).decode())
except TimeoutError:
    print("silence")
except ConnectionRefusedError:
    print("refused")
except OSError:
    print("")
"""


def _port(machine: Machine, nic: Nic) -> wires.Port:
    return wires.Port(
        namespace=wires.guest(machine.vmid),
        interface=f"eth{nic.index}",
        mac=nic.mac,
        node=machine.node,
        bridge=nic.bridge,
        vlan=nic.vlan,
        up=nic.linked,
    )


# Binds to an NFLOG group and prints the prefix of each packet that is logged (linux/netfilter/nfnetlink_log.h).
_LOGGED = """
import socket, struct, sys
def attribute(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)
def configure(data):
    body = struct.pack("=BBH", 0, 0, socket.htons(int(sys.argv[1]))) + data
    sink.send(struct.pack("=IHHII", 16 + len(body), 4 << 8 | 1, 5, 1, 0) + body)
    assert struct.unpack_from("=i", sink.recv(4096), 16) == (0,)
sink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
configure(attribute(1, struct.pack("=B", 1)))
configure(attribute(2, struct.pack(">IBB", 64, 2, 0)))
print("listening", flush=True)
while True:
    data = sink.recv(65536)
    place = 20
    while place < len(data):
        size, kind = struct.unpack_from("=HH", data, place)
        if kind == 10:
            print(data[place + 4:place + size].rstrip(bytes(1)).decode(), flush=True)
        place += max(4, size + -size % 4)
"""


class CableDriver(RecordDriver):
    """Plugs the cards of its guests into the switch when they start, with the addresses of their configuration."""

    def start(self, machine: Machine) -> None:
        """Make the guest's namespace."""
        name = wires.guest(machine.vmid)
        wires.make(name)
        wanted = {} if machine.cloud_init is None else {one.index: one for one in machine.cloud_init.addresses}
        for nic in machine.nics:
            card = f"eth{nic.index}"
            wires.attach(_port(machine, nic))
            ip("-n", name, "link", "set", card, "up")
            if nic.index in wanted and wanted[nic.index].address is not None:
                ip("-n", name, "addr", "replace", str(wanted[nic.index].address), "dev", card)
            if nic.index in wanted and wanted[nic.index].gateway is not None:
                ip("-n", name, "route", "replace", "default", "via", str(wanted[nic.index].gateway))
        super().start(machine)

    def migrate(self, machine: Machine, target: str) -> None:
        """Move the switch's end of each card to the other node."""
        for nic in machine.nics:
            wires.move(_port(machine, nic), target)
        super().migrate(machine, target)

    def stop(self, machine: Machine) -> None:
        """Remove the guest's namespace."""
        wires.remove(wires.guest(machine.vmid))
        super().stop(machine)

    def shutdown(self, machine: Machine, timeout: timedelta) -> bool:
        """Remove the guest's namespace."""
        del timeout
        self.stop(machine)
        return True


def ip(*words: str) -> None:
    """Run `ip`."""
    command.run(["ip", *words])


def inside(namespace: str, *words: str) -> command.Completed:
    """Run a program in a namespace."""
    return command.attempt(["ip", "netns", "exec", namespace, *words])


def ask(namespace: str, address: str, port: int) -> str:
    """Return what a connection from a namespace shows: `hello`, `refused`, `silence`; nothing if there is no way there."""
    return inside(namespace, sys.executable, "-c", _ASK, address, str(port)).stdout.strip()


@contextmanager
def listening(namespace: str, *ports: int) -> Iterator[None]:
    """Answer on TCP ports of a namespace."""
    argv = ["ip", "netns", "exec", namespace, sys.executable, "-c", _LISTEN, *map(str, ports)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "listening\n"
        try:
            yield
        finally:
            process.kill()


@contextmanager
def logging(namespace: str, group: int) -> Iterator[Iterator[str]]:
    """Yield the prefixes of the packets that a namespace logs to an NFLOG group."""
    argv = ["timeout", "20", "ip", "netns", "exec", namespace, sys.executable, "-c", _LOGGED, str(group)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "listening\n"
        try:
            yield iter(process.stdout)
        finally:
            process.kill()


@contextmanager
def cabled_lab(root: Path) -> Iterator[Api]:
    """Run the API over the real switch; its namespaces carry the prefix of TERANGA_STATE and are removed."""
    add_node(root, NODE, PASSWORD)
    give_token(root, TOKEN, SECRET, privsep=0)
    try:
        with Server(root, CableDriver(), wires.Wires(), 0, failure_delay=0.0) as server, requests.Session() as session:
            session.trust_env = False
            session.verify = str(server.ca_file)
            session.headers["Authorization"] = f"PVEAPIToken={TOKEN}={SECRET}"
            yield Api(server, session, root)
    finally:
        for namespace in wires.every():
            wires.remove(namespace)
