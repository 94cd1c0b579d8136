"""What a node's hypervisor filters: the resolved firewall of each card, without groups, aliases, sets of names or macros."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network


class Action(StrEnum):
    """What happens to a packet that a rule or a policy catches."""

    ACCEPT = "ACCEPT"
    DROP = "DROP"
    REJECT = "REJECT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: each field that is not None must match."""

    action: Action
    sources: tuple[Network, ...] | None = None  # empty: no packet matches
    destinations: tuple[Network, ...] | None = None
    protocol: str | None = None  # nft's name or a number
    source_ports: tuple[str, ...] = ()  # "80", "8000-8100"
    destination_ports: tuple[str, ...] = ()
    icmp: tuple[int, int | None] | None = None  # type and code (RFC 792, RFC 4443)
    log: str | None = None  # level


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One direction of a card: its rules in order, then its policy."""

    rules: tuple[Rule, ...]
    policy: Action
    log: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A guest's card behind the firewall. `into` the guest, `out` of it."""

    vmid: int
    index: int
    mac: str
    bridge: str
    vlan: int | None
    into: Side
    out: Side
    macfilter: bool = True
    dhcp: bool = True
    ndp: bool = True
    radv: bool = False
    own: tuple[Network, ...] | None = None  # ipfilter: the only addresses it may send from


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """The firewall of one node: the cards behind it. Cards that are not named pass everything."""

    cards: tuple[Card, ...] = ()
    allow_invalid: bool = False  # nf_conntrack_allow_invalid
    smurfs: bool = True  # nosmurfs: drop what claims to come from a broadcast address
    tcp_flags: bool = False  # tcpflags: drop impossible combinations
