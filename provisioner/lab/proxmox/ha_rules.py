"""Rules of high availability: which nodes a guest prefers, which guests belong together. Kept; no node of the lab takes over."""

from __future__ import annotations

from provisioner.lab.proxmox.access import Need
from provisioner.lab.proxmox.calls import Call, Calls, check_digest
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.ha_calls import MIGRATED
from provisioner.lab.proxmox.parameters import DIGEST, Parameter, boolean, text
from provisioner.lab.proxmox.values import Document, Json, digest, split_list

CALLS = Calls()
_RULES, _GROUPS = "/cluster/ha/rules", "/cluster/ha/groups"
_SEE, _CHANGE = Need("/", "Sys.Audit"), Need("/", "Sys.Console")
_TYPES = ("node-affinity", "resource-affinity")
_NAME = text(pattern=r"[A-Za-z][A-Za-z0-9_-]+")
_NODES = r"[a-zA-Z0-9-]+(:\d+)?(,[a-zA-Z0-9-]+(:\d+)?)*"
_IDS = r"(vm|ct):\d+(,(vm|ct):\d+)*"
_SETTINGS: dict[str, Parameter] = {
    "affinity": text(optional=True, enum=("positive", "negative")),
    "comment": text(optional=True, max_length=4096),
    "disable": boolean(),
    "nodes": text(optional=True, pattern=_NODES),
    "strict": boolean(),
}
_NEEDED = {"node-affinity": "nodes", "resource-affinity": "affinity"}
_OTHERS = {"node-affinity": ("affinity",), "resource-affinity": ("nodes", "strict")}


def _all(call: Call) -> Document:
    return dict(call.lab.store.items("ha_rule"))


def _shown(call: Call, name: str, rule: Document) -> Document:
    order = call.lab.store.keys("ha_rule").index(name) + 1
    strict: Document = {"strict": 0} if rule["type"] == "node-affinity" else {}
    return {"rule": name, "order": order, "digest": digest(_all(call)), **strict, **rule}


def _given(call: Call, kind: str) -> Document:
    rule: Document = {name: call.parameters[name] for name in (*_SETTINGS, "resources") if call.has(name)}
    for name in _OTHERS[kind]:
        if name in rule:
            raise Failure.parameter(name, f"unexpected property '{name}'")
    if not rule.get("disable"):
        rule.pop("disable", None)
    return rule


def _checked(rule: Document) -> Document:
    needed = _NEEDED[str(rule["type"])]
    if needed not in rule:
        raise Failure.parameter(needed, f"missing value for required option '{needed}'")
    return rule


@CALLS.get(_RULES, allow=_SEE, parameters={"type": text(optional=True, enum=_TYPES), "resource": text(optional=True)})
def list_rules(call: Call) -> Json:
    """Return the rules."""
    rows = [_shown(call, name, rule) for name, rule in call.lab.store.items("ha_rule")]
    return [
        row
        for row in rows
        if call.text("type", str(row["type"])) == row["type"]
        and (not call.has("resource") or call.text("resource") in split_list(str(row["resources"])))
    ]


@CALLS.post(_RULES, allow=_CHANGE, parameters={"rule": _NAME, "type": text(enum=_TYPES), "resources": text(pattern=_IDS), **_SETTINGS})
def add_rule(call: Call) -> Json:
    """Make a rule."""
    rule = _checked(_given(call, call.text("type")) | {"type": call.text("type")})
    with call.lab.store.transaction():
        if call.lab.store.get("ha_rule", call.text("rule")) is not None:
            raise Failure.of(f"HA rule '{call.text('rule')}' already defined")
        call.lab.store.put("ha_rule", call.text("rule"), rule)
    return None


def _rule(call: Call) -> Document:
    found = call.lab.store.get("ha_rule", call.text("rule"))
    if found is None:
        raise Failure.of(f"no such ha rule '{call.text('rule')}'")
    return found


@CALLS.get(f"{_RULES}/{{rule}}", allow=_SEE, parameters={"rule": _NAME})
def read_rule(call: Call) -> Json:
    """Return a rule."""
    return _shown(call, call.text("rule"), _rule(call))


@CALLS.put(
    f"{_RULES}/{{rule}}",
    allow=_CHANGE,
    parameters={
        "rule": _NAME,
        "type": text(enum=_TYPES),
        "resources": text(optional=True, pattern=_IDS),
        "delete": text(optional=True, max_length=4096),
        "digest": DIGEST,
        **_SETTINGS,
    },
)
def change_rule(call: Call) -> Json:
    """Change a rule."""
    gone = split_list(call.text("delete"))
    with call.lab.store.transaction():
        kept = _rule(call)
        check_digest(call, _all(call))
        if kept["type"] != call.text("type"):
            raise Failure.parameter("type", f"the rule is of type '{kept['type']}'")
        rule = {name: value for name, value in (kept | _given(call, call.text("type"))).items() if name not in gone}
        call.lab.store.put("ha_rule", call.text("rule"), _checked(rule))
    return None


@CALLS.delete(f"{_RULES}/{{rule}}", allow=_CHANGE, parameters={"rule": _NAME})
def delete_rule(call: Call) -> Json:
    """Delete a rule; one that is not there is no error."""
    call.lab.store.delete("ha_rule", call.text("rule"))
    return None


_GROUP: dict[str, Parameter] = {
    "comment": text(optional=True, max_length=4096),
    "nofailback": boolean(),
    "restricted": boolean(),
}
_ONE = {"group": _NAME}


def _gone(doing: str, call: Call) -> Json:
    del call
    raise Failure.of(f"cannot {doing}: {MIGRATED}")


@CALLS.get(_GROUPS, allow=_SEE)
def list_groups(call: Call) -> Json:
    """Refuse, as Proxmox VE 9 does: groups have become rules."""
    return _gone("index groups", call)


@CALLS.post(
    _GROUPS, allow=_CHANGE, parameters={**_ONE, "nodes": text(pattern=_NODES), "type": text(optional=True, enum=("group",)), **_GROUP}
)
def add_group(call: Call) -> Json:
    """Refuse."""
    return _gone("create group", call)


@CALLS.get(f"{_GROUPS}/{{group}}", allow=_SEE, parameters=_ONE)
def read_group(call: Call) -> Json:
    """Refuse."""
    return _gone("read group", call)


@CALLS.put(
    f"{_GROUPS}/{{group}}",
    allow=_CHANGE,
    parameters={
        **_ONE,
        "nodes": text(optional=True, pattern=_NODES),
        "delete": text(optional=True, max_length=4096),
        "digest": DIGEST,
        **_GROUP,
    },
)
def change_group(call: Call) -> Json:
    """Refuse."""
    return _gone("update group", call)


@CALLS.delete(f"{_GROUPS}/{{group}}", allow=_CHANGE, parameters=_ONE)
def delete_group(call: Call) -> Json:
    """Refuse."""
    return _gone("delete group", call)
