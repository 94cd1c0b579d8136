"""A node's hypervisor firewall as an nftables ruleset of its switch.

The switch bridges frames, and the kernel's bridge hands them to the inet hooks (bridge-nf-call-iptables), as Proxmox VE's own
firewall uses it: there connections are tracked, one zone per bridge. Which card a frame comes from or goes to is known in the
bridge family alone, so it is written there into the packet's mark: the card it left in the upper half, the card it enters in the
lower. What is forged (MAC, ARP sender) is dropped in the bridge family, before any connection is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network

from provisioner.lab.guests.firewall import Action, Card, Filter, Rule, Side

TABLE = "pve_firewall"
LOG_GROUP = 0  # NFLOG, as pvefw-logger reads it
_OUT_SHIFT = 16
_SILENT = ("nolog", None)
_TCP = ("tcp", "6")
_BROADCASTS = "{ 224.0.0.0/4, 255.255.255.255 }"
# Combinations of flags that no TCP sends (RFC 9293, section 3.1), as Proxmox's chain PVEFW-tcpflags.
_IMPOSSIBLE = (
    "(fin | syn | rst | psh | ack | urg) == (fin | psh | urg)",
    "(fin | syn | rst | psh | ack | urg) == 0x0",
    "(syn | rst) == (syn | rst)",
    "(fin | syn) == (fin | syn)",
)


def counter(vmid: int, index: int, direction: str) -> str:
    """Return the name of the counter of what a card's policy refused: `direction` is `in` or `out`."""
    return f"refused_{vmid}_{index}_{direction}"


def _block(head: str, lines: Sequence[str]) -> list[str]:
    return [f"{head} {{", *(f"  {line}" for line in lines), "}"]


def _elements(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else "{ " + ", ".join(values) + " }"


def _families(rule: Rule) -> Iterator[str]:
    """Yield the address matches of a rule, one per family; one empty match if it names no address."""
    if rule.sources is None and rule.destinations is None:
        yield ""
        return
    for kind, word, other in ((IPv4Network, "ip", "ipv6-icmp"), (IPv6Network, "ip6", "icmp")):
        found = []
        for side, addresses in (("saddr", rule.sources), ("daddr", rule.destinations)):
            if addresses is not None:
                found.append((side, [str(one) for one in addresses if isinstance(one, kind)]))
        if all(values for _, values in found) and rule.protocol != other:
            yield " ".join(f"{word} {side} {_elements(values)}" for side, values in found)


def _ports(rule: Rule) -> str:
    name = {"6": "tcp", "17": "udp", "132": "sctp", "33": "dccp"}.get(rule.protocol or "", rule.protocol or "th")
    parts = [f"{name} sport {_elements(rule.source_ports)}"] if rule.source_ports else []
    parts += [f"{name} dport {_elements(rule.destination_ports)}"] if rule.destination_ports else []
    return " ".join(parts)


def _transport(rule: Rule) -> str:
    if rule.icmp is not None:
        word = "icmpv6" if rule.protocol == "ipv6-icmp" else "icmp"
        kind, code = rule.icmp
        return f"{word} type {kind}" + ("" if code is None else f" {word} code {code}")
    if rule.source_ports or rule.destination_ports:
        return _ports(rule)
    return "" if rule.protocol is None else f"meta l4proto {rule.protocol}"


def _log(card: Card, direction: str, level: str | None, what: str) -> str:
    """Return a log statement in the form that pvefw-logger writes: `VMID LEVEL CHAIN: text`."""
    if level in _SILENT:
        return ""
    return f'log prefix ":{card.vmid}:{level}:tap{card.vmid}i{card.index}-{direction.upper()}: {what}: " group {LOG_GROUP}'


def _verdicts(action: Action, accept: str, protocol: str | None = None) -> tuple[str, ...]:
    """Return the statements of an action. A refused TCP is reset; the switch has no address to send an ICMP error from."""
    match action:
        case Action.ACCEPT:
            return (accept,)
        case Action.DROP:
            return ("drop",)
        case Action.REJECT:
            return ("meta l4proto tcp reject with tcp reset", "drop") if protocol in (None, *_TCP) else ("drop",)


def _rule(card: Card, direction: str, rule: Rule, accept: str) -> Iterator[str]:
    said = _log(card, direction, rule.log, rule.action.value)
    for addresses in _families(rule):
        match = " ".join(part for part in (addresses, _transport(rule)) if part)
        if said:
            yield f"{match} {said}".strip()
        for verdict in _verdicts(rule.action, accept, rule.protocol):
            yield f"{match} {verdict}".strip()


def _policy(card: Card, direction: str, side: Side, accept: str) -> list[str]:
    said = _log(card, direction, side.log, f"policy {side.policy.value}")
    count = [] if side.policy is Action.ACCEPT else [f"counter name {counter(card.vmid, card.index, direction)}"]
    return [*count, *([said] if said else []), *_verdicts(side.policy, accept)]


def _in(card: Card) -> list[str]:
    lines = ["udp sport 67 udp dport 68 accept", "udp sport 547 udp dport 546 accept"] if card.dhcp else []
    lines += ["icmpv6 type { 133, 134, 135, 136 } accept"] if card.ndp else []
    for rule in card.into.rules:
        lines += _rule(card, "in", rule, "accept")
    return lines + _policy(card, "in", card.into, "accept")


def _out(card: Card) -> list[str]:
    lines = ["udp sport 68 udp dport 67 return", "udp sport 546 udp dport 547 return"] if card.dhcp else []
    lines += [] if card.radv else ["icmpv6 type 134 drop"]
    lines += list(_own(card))
    lines += ["icmpv6 type { 133, 135, 136" + (", 134" if card.radv else "") + " } return"] if card.ndp else []
    for rule in card.out.rules:
        lines += _rule(card, "out", rule, "return")
    return lines + _policy(card, "out", card.out, "return")


def _own(card: Card) -> Iterator[str]:
    """Yield what refuses an address that is not the card's; a family without any is refused whole."""
    if card.own is None:
        return
    for kind, word, proto in ((IPv4Network, "ip", "ipv4"), (IPv6Network, "ip6", "ipv6")):
        mine = [str(one) for one in card.own if isinstance(one, kind)]
        yield f"{word} saddr != {_elements(mine)} drop" if mine else f"meta nfproto {proto} drop"


def _forged(card: Card, port: str) -> Iterator[str]:
    if card.macfilter:
        yield f'iifname "{port}" ether saddr != {card.mac} drop'
    mine = [str(one) for one in card.own or () if isinstance(one, IPv4Network)]
    if mine:
        yield f'iifname "{port}" arp saddr ip != {_elements(mine)} drop'


def _bridge(cards: Sequence[tuple[int, Card, str]]) -> list[str]:
    before = ["type filter hook prerouting priority -300; policy accept;"]
    through = ["type filter hook forward priority -300; policy accept;"]
    for number, card, port in cards:
        before += _forged(card, port)
        before.append(f'iifname "{port}" meta mark set {number << _OUT_SHIFT:#x}')
        through.append(f'oifname "{port}" meta mark set meta mark or {number:#x}')
    return _block(f"table bridge {TABLE}", [*_block("chain leaving", before), *_block("chain entering", through)])


def _filtering(wanted: Filter, cards: Sequence[tuple[int, Card, str]]) -> list[str]:
    lines = ["type filter hook forward priority 0; policy accept;", "meta mark 0 accept"]
    lines += [] if wanted.allow_invalid else ["ct state invalid drop"]
    lines.append("ct state established,related accept")
    lines += [f"ip saddr {_BROADCASTS} drop"] if wanted.smurfs else []
    lines += [f"tcp flags & {flags} drop" for flags in _IMPOSSIBLE] if wanted.tcp_flags else []
    leaving = ", ".join(f"{number << _OUT_SHIFT:#x} : jump out_{card.vmid}_{card.index}" for number, card, _ in cards)
    entering = ", ".join(f"{number:#x} : jump in_{card.vmid}_{card.index}" for number, card, _ in cards)
    lines.append(f"meta mark and 0xffff0000 vmap {{ {leaving} }}")
    lines.append(f"meta mark and 0xffff vmap {{ {entering} }}")
    return _block("chain filtering", lines)


def _inet(wanted: Filter, cards: Sequence[tuple[int, Card, str]], zones: Sequence[str]) -> list[str]:
    """Return the table that filters; connections are apart per bridge, so one that passes two VLANs is two."""
    lines: list[str] = []
    for _, card, _port in cards:
        lines += [f"counter {counter(card.vmid, card.index, direction)} {{ }}" for direction in ("in", "out")]
        lines += _block(f"chain out_{card.vmid}_{card.index}", _out(card))
        lines += _block(f"chain in_{card.vmid}_{card.index}", _in(card))
    named = ", ".join(f'"{bridge}" : {number}' for number, bridge in enumerate(zones, 1))
    hook = "type filter hook prerouting priority -300; policy accept;"
    lines += _block("chain apart", [hook, f"ct zone set iifname map {{ {named} }}"]) if zones else []
    return _block(f"table inet {TABLE}", [*lines, *_filtering(wanted, cards)])


def ruleset(wanted: Filter, port: Callable[[Card], str], bridges: Sequence[str]) -> str:
    """Return the whole ruleset in place of the one before; `port` names the switch's end of a card's cable."""
    lines = [line for family in ("bridge", "inet") for line in (f"table {family} {TABLE}", f"delete table {family} {TABLE}")]
    cards = [(number, card, port(card)) for number, card in enumerate(wanted.cards, 1)]
    if cards:
        lines += [*_bridge(cards), *_inet(wanted, cards, bridges)]
    return "\n".join(lines) + "\n"


_COUNTER = re.compile(r"counter refused_(\d+)_(\d+)_(in|out) \{\s*packets (\d+) bytes \d+")


def refused(listing: str) -> dict[tuple[int, int, str], int]:
    """Return how many packets each card's policies refused, from `nft list counters`."""
    return {(int(vmid), int(index), way): int(packets) for vmid, index, way, packets in _COUNTER.findall(listing)}
