"""Rules of a firewall, wherever they belong: the cluster, a node, a guest, a group. Proxmox inserts a new one before all others."""

from __future__ import annotations

import re
import socket
from ipaddress import ip_interface

from provisioner.lab.proxmox.access import Allow
from provisioner.lab.proxmox.calls import Call, Calls, check_digest
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.firewall_filter import ports
from provisioner.lab.proxmox.firewall_macros import MACROS, icmp
from provisioner.lab.proxmox.firewall_names import Names
from provisioner.lab.proxmox.firewall_sets import owner
from provisioner.lab.proxmox.parameters import DIGEST, Parameter, integer, text
from provisioner.lab.proxmox.values import Document, Json, digest, split_list

LOG_LEVEL = text(optional=True, enum=("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "nolog"))
GROUP = text(min_length=2, max_length=18, pattern=r"[A-Za-z][A-Za-z0-9\-_]+")
_RULE: dict[str, Parameter] = {
    "comment": text(optional=True),
    "dest": text(optional=True, max_length=512),
    "dport": text(optional=True),
    "enable": integer(optional=True, minimum=0),
    "icmp-type": text(optional=True),
    "iface": text(optional=True, max_length=20),
    "log": LOG_LEVEL,
    "macro": text(optional=True, max_length=128),
    "proto": text(optional=True),
    "source": text(optional=True, max_length=512),
    "sport": text(optional=True),
    "digest": DIGEST,
}
_ACTION = text(min_length=2, max_length=20, pattern=r"[A-Za-z][A-Za-z0-9\-_]+")
_TYPE = text(enum=("in", "out", "forward", "group"))
_POS = integer(minimum=0)
_ACTIONS = ("ACCEPT", "DROP", "REJECT")
_WITH_PORTS = ("tcp", "udp", "sctp", "dccp", "udplite", "6", "17", "33", "132", "136")
_ICMPS = ("icmp", "1", "icmpv6", "ipv6-icmp", "58")

_NEW = {"action": _ACTION, "type": _TYPE, "pos": integer(optional=True, minimum=0), **_RULE}
_CHANGED: dict[str, Parameter] = {
    "pos": _POS,
    "action": Parameter(optional=True, min_length=2, max_length=20, pattern=_ACTION.pattern),
    "type": text(optional=True, enum=_TYPE.enum),
    "moveto": integer(optional=True, minimum=0),
    "delete": text(optional=True),
    **_RULE,
}


def key(call: Call, kind: str) -> str:
    """Return where a call's firewall is kept; raise the refusal of a group that does not exist."""
    if call.has("group"):
        if call.lab.store.get("firewall_group", call.text("group")) is None:
            raise Failure.of(f"no such security group '{call.text('group')}'")
        return f"group:{call.text('group')}/{kind}"
    if call.has("vmid"):
        return f"{call.vmid}/{kind}"
    return f"node:{call.node}/{kind}" if call.has("node") else f"cluster/{kind}"


def declare(calls: Calls, base: str, see: Allow, change: Allow) -> None:
    """Declare the rule calls below a path."""
    inside = {"group": GROUP} if "{group}" in base else {}
    calls.get(base, allow=see, parameters=inside)(list_rules)
    calls.post(base, allow=change, parameters=_NEW | inside)(add_rule)
    calls.get(f"{base}/{{pos}}", allow=see, parameters={"pos": _POS} | inside)(read_rule)
    calls.put(f"{base}/{{pos}}", allow=change, parameters=_CHANGED | inside)(change_rule)
    calls.delete(f"{base}/{{pos}}", allow=change, parameters={"pos": _POS, "digest": DIGEST} | inside)(delete_rule)


def rules_of(call: Call) -> list[Document]:
    """Return the rules in their order."""
    kept = (call.lab.store.get("firewall", key(call, "rules")) or {}).get("rules", [])
    return [dict(rule) for rule in kept if isinstance(rule, dict)] if isinstance(kept, list) else []


def _keep(call: Call, rules: list[Document]) -> None:
    call.lab.store.put("firewall", key(call, "rules"), {"rules": rules})


def _version(rule: Document) -> Document:
    """Return the IP version of a rule's addresses, where it has any that are no name of a set."""
    for field in ("source", "dest"):
        first = str(rule.get(field, "")).split(",")[0].split("-")[0]
        try:
            return {"ipversion": ip_interface(first).version}
        except ValueError:
            continue
    return {}


def _item(rule: Document, position: int, rules: list[Document]) -> Document:
    return {**rule, "pos": position, **_version(rule), "digest": digest(list(rules))}


def list_rules(call: Call) -> Json:
    """Return the rules in their order."""
    rules = rules_of(call)
    return [_item(rule, position, rules) for position, rule in enumerate(rules)]


def read_rule(call: Call) -> Json:
    """Return one rule; here Proxmox gives `pos` as a string."""
    rules, position = rules_of(call), call.integer("pos")
    if position >= len(rules):
        raise Failure.of(f"no rule at position {position}")
    return _item(rules[position], position, rules) | {"pos": str(position)}


def _given(call: Call) -> Document:
    """Return the rule of a call: empty values are dropped, a port needs a protocol that has ports."""
    rule: Document = {
        name: call.parameters[name] for name in ("type", "action", *_RULE) if call.has(name) and call.text(name) != "" and name != "digest"
    }
    return rule


def _checked(call: Call, rule: Document) -> Document:
    """Return a rule that means something where it stands; raise the 400 that names what does not."""
    wrong = {**_wrong_kind(call, rule), **_wrong_ports(rule), **_wrong_addresses(call, rule)}
    if wrong:
        raise Failure.parameters(wrong)
    return rule


def _wrong_kind(call: Call, rule: Document) -> dict[str, str]:
    kind, action, guest = str(rule["type"]), str(rule["action"]), call.has("vmid")
    if kind == "group":
        if call.has("group"):
            return {"type": "security groups not allowed"}
        return {} if call.lab.store.get("firewall_group", action) is not None else {"action": f"no such security group '{action}'"}
    if kind == "forward" and guest:
        return {"type": "forward rules only allowed for a host"}
    if action not in _ACTIONS:
        return {"action": f"unknown action '{action}'"}
    if guest and "iface" in rule and not re.fullmatch(r"net\d{1,2}", str(rule["iface"])):
        return {"iface": "value does not look like a valid guest network interface (netN)"}
    return {} if rule.get("macro", "SSH") in MACROS else {"macro": f"unknown macro '{rule['macro']}'"}


def _wrong_ports(rule: Document) -> dict[str, str]:
    proto, given = str(rule.get("proto", "")), [name for name in ("dport", "sport") if name in rule]
    if given and "proto" not in rule and "macro" not in rule:
        return {"proto": f"missing property - '{given[0]}' requires this property"}
    if given and proto not in _WITH_PORTS and "macro" not in rule:
        return {given[0]: f"protocol {proto} does not support ports"}
    if proto and not _known_protocol(proto):
        return {"proto": f"unknown protocol '{proto}'"}
    if "icmp-type" in rule and (proto not in _ICMPS or icmp(str(rule["icmp-type"]), proto) is None):
        return {"icmp-type": f"invalid icmp-type '{rule['icmp-type']}' for proto '{proto}'"}
    found: dict[str, str] = {}
    for name in given:
        try:
            ports(str(rule[name]))
        except ValueError as error:
            found[name] = f"{error}"
    return found


def _known_protocol(name: str) -> bool:
    if name.isdigit():
        return int(name) < 256  # noqa: PLR2004  RFC 791: the field has 8 bits
    try:
        socket.getprotobyname(name)
    except OSError:
        return name in (*_WITH_PORTS, *_ICMPS)
    return True


def _wrong_addresses(call: Call, rule: Document) -> dict[str, str]:
    names, found = Names(call.lab.store, owner(call)), {}
    for field in ("source", "dest"):
        for part in str(rule.get(field, "")).split(",") if field in rule else ():
            if names.one(part) is None:
                found[field] = _unknown(part)
    return found


def _unknown(part: str) -> str:
    if part.startswith("+"):
        return f"no such ipset '{part}'"
    if part[:1].isalpha() and ":" not in part:
        return f"no such alias '{part}'"
    return f"invalid format - {part}: not a valid address\n"


def add_rule(call: Call) -> Json:
    """Insert a rule before all others, as Proxmox does, or at `pos`."""
    with call.lab.store.transaction():
        rules = rules_of(call)
        check_digest(call, list(rules))
        rules.insert(call.integer("pos"), _checked(call, {"enable": 0, **_given(call)}))
        _keep(call, rules)
    return None


def change_rule(call: Call) -> Json:
    """Change a rule, or move it before another; with `moveto` other settings are ignored, as on Proxmox."""
    with call.lab.store.transaction():
        rules, position = rules_of(call), call.integer("pos")
        check_digest(call, list(rules))
        if position >= len(rules):
            raise Failure.of(f"no rule at position {position}")
        if call.has("moveto"):
            target = call.integer("moveto")
            moved = rules.pop(position)
            rules.insert(target - 1 if target > position else target, moved)
        else:
            rule = rules[position] | _given(call)
            cleared = {*split_list(call.text("delete")), *(name for name in _RULE if call.has(name) and call.text(name) == "")}
            rules[position] = _checked(call, {name: value for name, value in rule.items() if name not in cleared})
        _keep(call, rules)
    return None


def delete_rule(call: Call) -> Json:
    """Delete a rule."""
    with call.lab.store.transaction():
        rules, position = rules_of(call), call.integer("pos")
        check_digest(call, list(rules))
        if position >= len(rules):
            raise Failure.of(f"no rule at position {position}")
        del rules[position]
        _keep(call, rules)
    return None
