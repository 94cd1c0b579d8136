"""From what the store says of firewalls to what a node's switch filters: groups, macros, aliases and sets are resolved here."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from ipaddress import IPv6Address, ip_network

from provisioner.lab.guests.firewall import Action, Card, Filter, Network, Rule, Side
from provisioner.lab.proxmox import guest_store
from provisioner.lab.proxmox.firewall_macros import MACROS, Part, icmp
from provisioner.lab.proxmox.firewall_names import Names, kept, rows
from provisioner.lab.proxmox.guest_parameters import NIC
from provisioner.lab.proxmox.guest_store import Guest
from provisioner.lab.proxmox.properties import pairs
from provisioner.lab.proxmox.segments import segment
from provisioner.lab.proxmox.store import Store
from provisioner.lab.proxmox.values import Document, split_list

_NFT_NAMES = {"icmpv6": "ipv6-icmp", "ipv6-icmp": "ipv6-icmp", "58": "ipv6-icmp", "1": "icmp"}
_LINK_LOCAL = ip_network("fe80::/64")
_CLUSTER_DEFAULT = 0
_EUI_FLIP = 0x02  # RFC 4291, appendix A: the universal/local bit


def filter_of(store: Store, node: str) -> Filter:
    """Return the firewall of a node's guests; empty unless the cluster's is switched on."""
    return filters(store, (node,))[node]


def filters(store: Store, nodes: Sequence[str]) -> dict[str, Filter]:
    """Return the firewall of each node's guests."""
    if not int(str(_options(store, "cluster").get("enable", _CLUSTER_DEFAULT))):
        return dict.fromkeys(nodes, Filter())
    cards: dict[str, list[Card]] = {node: [] for node in nodes}
    for guest in guest_store.every(store):
        if guest.node in cards:
            cards[guest.node] += _cards(store, guest)
    return {node: _filter(store, node, cards[node]) for node in nodes}


def _filter(store: Store, node: str, cards: Sequence[Card]) -> Filter:
    of_node = _options(store, f"node:{node}")
    return Filter(
        cards=tuple(cards),
        allow_invalid=bool(of_node.get("nf_conntrack_allow_invalid", 0)),
        smurfs=bool(of_node.get("nosmurfs", 1)),
        tcp_flags=bool(of_node.get("tcpflags", 0)),
    )


def _options(store: Store, owner: str) -> Document:
    return store.get("firewall", f"{owner}/options") or {}


def _cards(store: Store, guest: Guest) -> Iterator[Card]:
    options, names = _options(store, str(guest.vmid)), Names(store, str(guest.vmid))
    if not options.get("enable"):
        return
    for key, value in sorted(guest.config.items()):
        if not key.startswith("net") or not key[3:].isdigit():
            continue
        nic = pairs(str(value), NIC)
        if nic.get("firewall") == "1":
            yield _card(store, guest, options, names, key, nic)


def _card(store: Store, guest: Guest, options: Document, names: Names, key: str, nic: dict[str, str]) -> Card:
    mac = nic["macaddr"].lower()
    bridge, vlan = segment(store, nic.get("bridge", ""), int(nic["tag"]) if "tag" in nic else None)
    rules = list(_rules(store, str(guest.vmid), key))
    return Card(
        vmid=guest.vmid,
        index=int(key[3:]),
        mac=mac,
        bridge=bridge,
        vlan=vlan,
        into=_side(rules, names, options, "in", Action.DROP),
        out=_side(rules, names, options, "out", Action.ACCEPT),
        macfilter=bool(options.get("macfilter", 1)),
        dhcp=bool(options.get("dhcp", 1)),
        ndp=bool(options.get("ndp", 1)),
        radv=bool(options.get("radv", 0)),
        own=_own(store, guest.vmid, options, names, key, mac),
    )


def _own(store: Store, vmid: int, options: Document, names: Names, key: str, mac: str) -> tuple[Network, ...] | None:
    """Return the addresses a card may send from: its set `ipfilter-netN`, and the link-local address of its MAC."""
    name = f"ipfilter-{key}"
    if not options.get("ipfilter") and name not in kept(store, str(vmid), "ipset"):
        return None
    return (*(names.members(f"guest/{name}") or ()), ip_network(link_local(mac)))


def link_local(mac: str) -> IPv6Address:
    """Return the IPv6 link-local address of a MAC (RFC 4291, modified EUI-64)."""
    octets = [int(part, 16) for part in mac.split(":")]
    identifier = bytes([octets[0] ^ _EUI_FLIP, *octets[1:3], 0xFF, 0xFE, *octets[3:]])
    return IPv6Address(int(_LINK_LOCAL.network_address) | int.from_bytes(identifier))


def _rules(store: Store, owner: str, card: str) -> Iterator[Document]:
    """Yield the enabled rules of an owner for a card, those of its groups in their place."""
    for rule in rows((store.get("firewall", f"{owner}/rules") or {}).get("rules")):
        if not rule.get("enable") or rule.get("iface", card) != card:
            continue
        if rule["type"] == "group":
            if store.get("firewall_group", str(rule["action"])) is not None:
                yield from _rules(store, f"group:{rule['action']}", card)
        else:
            yield rule


def _side(rules: list[Document], names: Names, options: Document, direction: str, policy: Action) -> Side:
    found = [one for rule in rules if rule["type"] == direction for one in _resolved(rule, names)]
    log = str(options.get(f"log_level_{direction}", "nolog"))
    return Side(rules=tuple(found), policy=Action(str(options.get(f"policy_{direction}", policy.value))), log=log)


def _resolved(rule: Document, names: Names) -> Iterator[Rule]:
    macro = str(rule.get("macro", ""))
    for part in MACROS[macro][1] if macro in MACROS else (Part(""),):
        protocol = str(rule.get("proto", "")) or part.protocol
        kind = str(rule.get("icmp-type", "")) or part.icmp
        found = icmp(kind, protocol) if kind else None
        yield Rule(
            action=Action(str(rule["action"])),
            sources=names.all(str(rule["source"])) if "source" in rule else None,
            destinations=names.all(str(rule["dest"])) if "dest" in rule else None,
            protocol=_NFT_NAMES.get(protocol, protocol) or None,
            source_ports=ports(str(rule.get("sport", ""))),
            destination_ports=ports(str(rule.get("dport", "")) or part.ports),
            icmp=found if found and found[0] >= 0 else None,
            log=str(rule.get("log", "nolog")),
        )


def ports(value: str) -> tuple[str, ...]:
    """Return ports and ranges in numbers, in order and without overlaps; raise ValueError for what is none."""
    spans = sorted(_span(part) for part in split_list(value))
    merged: list[tuple[int, int]] = []
    for low, high in spans:
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(str(low) if low == high else f"{low}-{high}" for low, high in merged)


def _span(part: str) -> tuple[int, int]:
    first, colon, last = part.partition(":")
    if not colon:
        return _port(first), _port(first)
    low, high = _port(first), _port(last)
    if low > high:
        raise ValueError(f"backwards range '{low}:{high}' not allowed, use '{high}:{low}' instead")
    return low, high


def _port(name: str) -> int:
    if name.isdigit():
        if int(name) > 65535:  # noqa: PLR2004  RFC 9293: ports have 16 bits
            raise ValueError(f"invalid port '{name}'")
        return int(name)
    try:
        return socket.getservbyname(name)
    except OSError as error:
        raise ValueError(f"invalid port '{name}'") from error
