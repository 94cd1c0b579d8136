"""The names of a firewall: aliases and sets of addresses, the cluster's (`dc/`), a guest's (`guest/`), a virtual network's (`sdn/`)."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    collapse_addresses,
    ip_address,
    ip_network,
    summarize_address_range,
)

from provisioner.lab.guests.firewall import Network
from provisioner.lab.proxmox.store import Store
from provisioner.lab.proxmox.values import Document, Json, split_list

_CLUSTER = "cluster"


def addresses(value: str) -> tuple[Network, ...]:
    """Return the networks of an address, a prefix or a range; raise ValueError if it is none."""
    first, dash, last = value.partition("-")
    if not dash:
        return (ip_network(value, strict=False),)
    low, high = ip_address(first), ip_address(last)
    if isinstance(low, IPv4Address) and isinstance(high, IPv4Address):
        return tuple(summarize_address_range(low, high))
    if isinstance(low, IPv6Address) and isinstance(high, IPv6Address):
        return tuple(summarize_address_range(low, high))
    raise ValueError(value)


def collapsed(networks: Sequence[Network]) -> tuple[Network, ...]:
    """Return networks without overlaps, IPv4 first: nft refuses a set whose intervals overlap."""
    four = [one for one in networks if isinstance(one, IPv4Network)]
    six = [one for one in networks if isinstance(one, IPv6Network)]
    return (*collapse_addresses(four), *collapse_addresses(six))


def _without(networks: Sequence[Network], hole: Network) -> list[Network]:
    found: list[Network] = []
    for network in networks:
        if network.version != hole.version or not network.overlaps(hole):
            found.append(network)
        elif network.prefixlen < hole.prefixlen:
            found += _parts(network, hole)
    return found


def _parts(network: Network, hole: Network) -> list[Network]:
    if isinstance(network, IPv4Network) and isinstance(hole, IPv4Network):
        return list(network.address_exclude(hole))
    if isinstance(network, IPv6Network) and isinstance(hole, IPv6Network):
        return list(network.address_exclude(hole))
    return [network]


class Names:
    """The names that one firewall may use: its own before the cluster's."""

    def __init__(self, store: Store, owner: str) -> None:
        """Keep the owner: a VMID, or `cluster`."""
        self._store = store
        self._owner = owner

    def _kept(self, kind: str, name: str) -> Document | None:
        """Return an alias or a set by its name, with or without a scope."""
        scope, slash, bare = name.rpartition("/")
        owners = {"dc": [_CLUSTER], "guest": [self._owner], "": [self._owner, _CLUSTER]}.get(scope if slash else "", [])
        for owner in owners:
            found = kept(self._store, owner, kind).get(bare.lower())
            if isinstance(found, dict):
                return dict(found)
        return None

    def alias(self, name: str) -> tuple[Network, ...] | None:
        """Return the network of an alias; None if there is none."""
        found = self._kept("aliases", name)
        return None if found is None else addresses(str(found["cidr"]))

    def members(self, name: str) -> tuple[Network, ...] | None:
        """Return the addresses of a set, the more exact member deciding; None if there is no such set."""
        if (virtual := _of_network(self._store, name)) is not None:
            return virtual
        found = self._kept("ipset", name)
        if found is None:
            return None
        entries: list[tuple[Network, bool]] = []
        for member in rows(found.get("members")):
            networks = self.one(str(member["cidr"]))
            entries += [(network, bool(member.get("nomatch"))) for network in networks or ()]
        entries.sort(key=lambda entry: entry[0].prefixlen)
        held: list[Network] = []
        for network, hole in entries:
            held = _without(held, network) if hole else [*held, network]
        return collapsed(held)

    def one(self, part: str) -> tuple[Network, ...] | None:
        """Return the networks of one part of a rule's source or destination; None if it names what is not there."""
        if part.startswith("+"):
            return self.members(part[1:])
        try:
            return addresses(part)
        except ValueError:
            return self.alias(part)

    def all(self, value: str) -> tuple[Network, ...]:
        """Return the networks of a list; what is not there adds nothing."""
        return collapsed([network for part in split_list(value) for network in self.one(part) or ()])


NETWORK_SETS = {
    "all": "All subnets of VNet {}",
    "no-gateway": "All subnets of VNet {}, excluding gateways",
    "gateway": "All gateways in VNet {}",
    "dhcp": "DHCP ranges of VNet {}",
}


def _of_network(store: Store, name: str) -> tuple[Network, ...] | None:
    """Return a set that a virtual network in force brings, such as `<vnet>-all`; None if the name is no such set's."""
    vnet, _, what = name.removeprefix("sdn/").partition("-")
    if what not in NETWORK_SETS or store.get("sdn_running", f"vnets/{vnet}") is None:
        return None
    whole: list[Network] = []
    gateways: list[Network] = []
    for key, subnet in store.items("sdn_running", "subnets/"):
        if subnet.get("vnet") == vnet:
            whole += addresses("/".join(key.rsplit("-", 2)[1:]))
            gateways += addresses(str(subnet["gateway"])) if "gateway" in subnet else ()
    if what == "no-gateway":
        for gateway in gateways:
            whole = _without(whole, gateway)
    return collapsed({"gateway": gateways, "dhcp": []}.get(what, whole))


def rows(value: Json) -> list[Document]:
    """Return the objects of a JSON list."""
    return [dict(row) for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def kept(store: Store, owner: str, kind: str) -> Document:
    """Return the aliases or sets of an owner, by name in lower case."""
    found = (store.get("firewall", f"{owner}/{kind}") or {}).get("named", {})
    return dict(found) if isinstance(found, dict) else {}
