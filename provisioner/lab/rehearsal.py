"""Clients of the lab: for each vantage and terminal a namespace on its zone's bridge, made when first asked for."""

from __future__ import annotations

import json
from datetime import timedelta
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from provisioner import command, places
from provisioner.errors import OutsideError, Problem
from provisioner.lab import wires

_LEASE_SECONDS = 15
_SCRIPT = """#!/bin/sh
# Called by udhcpc: sets the lease inside the client's namespace and writes it down.
case "$1" in
  bound|renew)
    ip addr replace "$ip/$mask" dev "$interface"
    [ -n "$router" ] && ip route replace default via "${router%% *}"
    echo "$ip" > "$LEASE" ;;
  deconfig) ip addr flush dev "$interface" ;;
esac
"""


def _record(site: str) -> dict[str, str]:
    file = places.lab() / "sites" / f"{site}.json"
    if not file.exists():
        raise OutsideError(Problem(where=site, what="it is not in the lab", hint=f"run `teranga lab up {site}`"))
    return dict(json.loads(file.read_text()))


def management(site: str) -> str:
    """Return the namespace where control stands: the first vantage of `management`."""
    return f"{wires.prefix()}-{site}-control"


def _namespace(site: str, vlan: int, end: str) -> str:
    return f"{wires.prefix()}-{site}-{vlan}-{end}"


class NamespaceRehearsal:
    """Lends namespaces of the lab."""

    def vantage(self, site: str, vlan: int, address: IPv4Interface, gateway: IPv4Address) -> str:
        """Return the namespace of a client on a site's VLAN with this static address."""
        control = _record(site).get("control")
        name = management(site) if control == str(address) else _namespace(site, vlan, str(address.ip).rsplit(".", 1)[-1])
        wires.client(name, self._port(site, vlan, name, None), address, gateway)
        return name

    def _port(self, site: str, vlan: int, namespace: str, mac: str | None) -> wires.Port:
        at = _record(site)
        return wires.Port(namespace=namespace, interface="eth0", mac=mac, node=at["node"], bridge=at["bridge"], vlan=vlan)

    def internet(self, index: int) -> tuple[str, IPv4Address]:
        """Return the namespace and the address of a host of the Internet side."""
        return f"{wires.internet()}{index}", wires.PUBLIC_HOSTS[index]

    def outside(self, address: IPv4Address) -> str | None:
        """Return the namespace of a host of the Internet side with this address too; None where the lab has no such network."""
        if address not in wires.PUBLIC:
            return None
        name = f"{wires.internet()}1"
        command.run(("ip", "-n", name, "addr", "replace", f"{address}/{wires.PUBLIC.prefixlen}", "dev", "eth0"))
        return name

    def terminal(self, site: str, vlan: int, mac: str) -> str:
        """Return the namespace of a device with this hardware address; it has no address yet."""
        name = _namespace(site, vlan, mac.replace(":", ""))
        if not wires.exists(name):
            wires.make(name)
            wires.attach(self._port(site, vlan, name, mac))
            command.run(("ip", "-n", name, "link", "set", "eth0", "up"))
        return name

    def lease(self, namespace: str) -> IPv4Address:
        """Let udhcpc ask once, set the lease, and return its address; raise OutsideError if nobody answers."""
        home = places.lab() / "leases"
        home.mkdir(parents=True, exist_ok=True)
        script, lease = home / "udhcpc.sh", home / namespace
        script.write_text(_SCRIPT)
        script.chmod(0o755)
        lease.unlink(missing_ok=True)
        argv = ("ip", "netns", "exec", namespace, "udhcpc", "-i", "eth0", "-n", "-q", "-f", "-t", "5", "-T", "2", "-s", script)
        how = command.Run(env=command.environment(LEASE=str(lease)), timeout=timedelta(seconds=_LEASE_SECONDS))
        done = command.attempt(argv, how)
        if done.status != 0 or not lease.exists():
            raise OutsideError(Problem(where=namespace, what=f"no DHCP lease: {done.stderr.strip().splitlines()[-1:]}"))
        return IPv4Address(lease.read_text().strip())

    def guest(self, node: str, vmid: int) -> str | None:
        """Return the network namespace of a running guest."""
        del node
        name = f"{wires.prefix()}-g{vmid}"
        return name if wires.exists(name) else None


def stands(site: str) -> bool:
    """Return whether the lab holds the site."""
    return (places.lab() / "sites" / f"{site}.json").exists()


def node(site: str) -> str:
    """Return the node of a site of the lab; raise OutsideError if the lab does not hold it."""
    return _record(site)["node"]


def folder() -> Path:
    """Return where the lab's sites are written down."""
    return places.lab() / "sites"
