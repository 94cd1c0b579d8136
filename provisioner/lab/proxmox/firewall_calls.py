"""The firewall of a guest: options and rules, stored as Proxmox stores them. The lab does not enforce them yet; reports say so."""

from __future__ import annotations

from ipaddress import ip_interface

from provisioner.lab.proxmox.access import AnyOf, Need
from provisioner.lab.proxmox.calls import Call, Calls, check_digest
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.parameters import DIGEST, Parameter, boolean, integer, text
from provisioner.lab.proxmox.values import Document, Json, digest, split_list

CALLS = Calls()
_BASE = "/nodes/{node}/qemu/{vmid}/firewall"
_SEE = Need("/vms/{vmid}", "VM.Audit")
_CHANGE = AnyOf(Need("/vms/{vmid}", "VM.Config.Network"))
_LOG = text(optional=True, enum=("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "nolog"))
_POLICY = text(optional=True, enum=("ACCEPT", "REJECT", "DROP"))
_OPTIONS: dict[str, Parameter] = {
    "dhcp": boolean(),
    "enable": boolean(),
    "ipfilter": boolean(),
    "log_level_in": _LOG,
    "log_level_out": _LOG,
    "macfilter": boolean(),
    "ndp": boolean(),
    "policy_in": _POLICY,
    "policy_out": _POLICY,
    "radv": boolean(),
}
_RULE: dict[str, Parameter] = {
    "comment": text(optional=True),
    "dest": text(optional=True, max_length=512),
    "dport": text(optional=True),
    "enable": integer(optional=True, minimum=0),
    "icmp-type": text(optional=True),
    "iface": text(optional=True, max_length=20),
    "log": _LOG,
    "macro": text(optional=True, max_length=128),
    "proto": text(optional=True),
    "source": text(optional=True, max_length=512),
    "sport": text(optional=True),
    "digest": DIGEST,
}
_ACTION = text(min_length=2, max_length=20, pattern=r"[A-Za-z][A-Za-z0-9\-_]+")
_TYPE = text(enum=("in", "out", "forward", "group"))
_POS = integer(minimum=0)
CALLS.index(_BASE, "name", ("aliases", "ipset", "log", "options", "refs", "rules"), allow=_SEE)


def _key(call: Call, kind: str) -> str:
    return f"{call.vmid}/{kind}"


def _rules(call: Call) -> list[Document]:
    kept = (call.lab.store.get("firewall", _key(call, "rules")) or {}).get("rules", [])
    return [dict(rule) for rule in kept if isinstance(rule, dict)] if isinstance(kept, list) else []


def _keep(call: Call, rules: list[Document]) -> None:
    call.lab.store.put("firewall", _key(call, "rules"), {"rules": rules})


@CALLS.get(f"{_BASE}/options", allow=_SEE)
def read_options(call: Call) -> Json:
    """Return the options that were set, and the digest."""
    kept = call.lab.store.get("firewall", _key(call, "options")) or {}
    return {**kept, "digest": digest(kept)}


@CALLS.put(f"{_BASE}/options", allow=_CHANGE, parameters={**_OPTIONS, "delete": text(optional=True), "digest": DIGEST})
def change_options(call: Call) -> Json:
    """Set and unset options."""
    with call.lab.store.transaction():
        kept = call.lab.store.get("firewall", _key(call, "options")) or {}
        check_digest(call, kept)
        for name in split_list(call.text("delete")):
            if name not in _OPTIONS:
                raise Failure.parameter("delete", f"unknown option '{name}'")
            kept.pop(name, None)
        kept |= {name: call.parameters[name] for name in _OPTIONS if call.has(name)}
        call.lab.store.put("firewall", _key(call, "options"), kept)
    return None


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


@CALLS.get(f"{_BASE}/rules", allow=_SEE)
def list_rules(call: Call) -> Json:
    """Return the rules in their order."""
    rules = _rules(call)
    return [_item(rule, position, rules) for position, rule in enumerate(rules)]


@CALLS.get(f"{_BASE}/rules/{{pos}}", allow=_SEE, parameters={"pos": _POS})
def read_rule(call: Call) -> Json:
    """Return one rule; here Proxmox gives `pos` as a string."""
    rules, position = _rules(call), call.integer("pos")
    if position >= len(rules):
        raise Failure.of(f"no rule at position {position}")
    return _item(rules[position], position, rules) | {"pos": str(position)}


def _given(call: Call) -> Document:
    """Return the rule of a call: empty values are dropped, a port needs a protocol that has ports."""
    rule: Document = {
        name: call.parameters[name] for name in ("type", "action", *_RULE) if call.has(name) and call.text(name) != "" and name != "digest"
    }
    return rule


def _checked(rule: Document) -> Document:
    ports = [name for name in ("dport", "sport") if name in rule]
    if ports and str(rule.get("proto", "")) not in ("tcp", "udp", "sctp", "dccp", "udplite", "6", "17") and "macro" not in rule:
        raise Failure.parameter(
            ports[0], "missing property - 'proto'" if "proto" not in rule else f"protocol {rule['proto']} does not support ports"
        )
    for field in ("source", "dest"):
        for part in str(rule.get(field, "")).split(",") if field in rule else ():
            _check_address(field, part)
    return rule


def _check_address(field: str, part: str) -> None:
    if part.startswith("+") or (part and part[0].isalpha() and ":" not in part):
        return
    for end in part.split("-"):
        try:
            ip_interface(end)
        except ValueError as error:
            raise Failure.parameter(field, f"invalid format - {part}: not a valid address\n") from error


@CALLS.post(
    f"{_BASE}/rules", allow=_CHANGE, parameters={"action": _ACTION, "type": _TYPE, "pos": integer(optional=True, minimum=0), **_RULE}
)
def add_rule(call: Call) -> Json:
    """Insert a rule before all others, as Proxmox does, or at `pos`."""
    with call.lab.store.transaction():
        rules = _rules(call)
        check_digest(call, list(rules))
        rules.insert(call.integer("pos"), _checked({"enable": 0, **_given(call)}))
        _keep(call, rules)
    return None


@CALLS.put(
    f"{_BASE}/rules/{{pos}}",
    allow=_CHANGE,
    parameters={
        "pos": _POS,
        "action": Parameter(optional=True, min_length=2, max_length=20, pattern=_ACTION.pattern),
        "type": text(optional=True, enum=_TYPE.enum),
        "moveto": integer(optional=True, minimum=0),
        "delete": text(optional=True),
        **_RULE,
    },
)
def change_rule(call: Call) -> Json:
    """Change a rule, or move it before another; with `moveto` other settings are ignored, as on Proxmox."""
    with call.lab.store.transaction():
        rules, position = _rules(call), call.integer("pos")
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
            rules[position] = _checked({name: value for name, value in rule.items() if name not in cleared})
        _keep(call, rules)
    return None


@CALLS.delete(f"{_BASE}/rules/{{pos}}", allow=_CHANGE, parameters={"pos": _POS, "digest": DIGEST})
def delete_rule(call: Call) -> Json:
    """Delete a rule."""
    with call.lab.store.transaction():
        rules, position = _rules(call), call.integer("pos")
        check_digest(call, list(rules))
        if position >= len(rules):
            raise Failure.of(f"no rule at position {position}")
        del rules[position]
        _keep(call, rules)
    return None
