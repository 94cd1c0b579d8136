"""The firewalls of the cluster, of nodes and of guests, kept as Proxmox keeps them; `enforcement` puts those of guests in force."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.lab.proxmox import firewall_sets
from provisioner.lab.proxmox.access import Allow, Need
from provisioner.lab.proxmox.calls import Call, Calls, Handler, check_digest
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.firewall_macros import MACROS
from provisioner.lab.proxmox.firewall_names import NETWORK_SETS
from provisioner.lab.proxmox.firewall_names import kept as named
from provisioner.lab.proxmox.firewall_rules import GROUP, LOG_LEVEL, declare, key, rules_of
from provisioner.lab.proxmox.parameters import DIGEST, Parameter, boolean, integer, text
from provisioner.lab.proxmox.values import Document, Json, digest, split_list

CALLS = Calls()
_GUEST, _NODE, _CLUSTER = "/nodes/{node}/qemu/{vmid}/firewall", "/nodes/{node}/firewall", "/cluster/firewall"
_GROUPS = f"{_CLUSTER}/groups"
_SEE, _CHANGE = Need("/", "Sys.Audit"), Need("/", "Sys.Modify")
_POLICY = text(optional=True, enum=("ACCEPT", "REJECT", "DROP"))
_POLICIES = {"policy_in": _POLICY, "policy_out": _POLICY}
_LEVELS = {"log_level_in": LOG_LEVEL, "log_level_out": LOG_LEVEL}
_OF_GUEST: dict[str, Parameter] = {
    **_LEVELS,
    **_POLICIES,
    **{name: boolean() for name in ("dhcp", "enable", "ipfilter", "macfilter", "ndp", "radv")},
}
_OF_CLUSTER: dict[str, Parameter] = {
    **_POLICIES,
    "ebtables": boolean(),
    "enable": integer(optional=True, minimum=0),
    "log_ratelimit": text(optional=True),
    "policy_forward": text(optional=True, enum=("ACCEPT", "DROP")),
}
_SWITCHES = ("enable", "log_nf_conntrack", "ndp", "nf_conntrack_allow_invalid", "nftables", "nosmurfs", "protection_synflood", "tcpflags")
_OF_NODE: dict[str, Parameter] = {
    **_LEVELS,
    **{name: boolean() for name in _SWITCHES},
    **dict.fromkeys(("log_level_forward", "smurf_log_level", "tcp_flags_log_level"), LOG_LEVEL),
    "nf_conntrack_helpers": text(optional=True),
    "nf_conntrack_max": integer(optional=True, minimum=32768),
    "nf_conntrack_tcp_timeout_established": integer(optional=True, minimum=7875),
    "nf_conntrack_tcp_timeout_syn_recv": integer(optional=True, minimum=30, maximum=60),
    "protection_synflood_burst": integer(optional=True),
    "protection_synflood_rate": integer(optional=True),
}


def read_options(call: Call) -> Json:
    """Return the options that were set, and the digest."""
    kept = call.lab.store.get("firewall", key(call, "options")) or {}
    return {**kept, "digest": digest(kept)}


def _changing(options: Mapping[str, Parameter]) -> Handler:
    def change_options(call: Call) -> Json:
        """Set and unset options."""
        with call.lab.store.transaction():
            kept = call.lab.store.get("firewall", key(call, "options")) or {}
            check_digest(call, kept)
            for name in split_list(call.text("delete")):
                if name not in options:
                    raise Failure.parameter("delete", f"unknown option '{name}'")
                kept.pop(name, None)
            kept |= {name: call.parameters[name] for name in options if call.has(name)}
            call.lab.store.put("firewall", key(call, "options"), kept)
        return None

    return change_options


def _firewall(base: str, options: Mapping[str, Parameter], see: Allow, change: Allow) -> None:
    CALLS.get(f"{base}/options", allow=see)(read_options)
    CALLS.put(f"{base}/options", allow=change, parameters={**options, "delete": text(optional=True), "digest": DIGEST})(_changing(options))
    declare(CALLS, f"{base}/rules", see, change)


firewall_sets.declare(CALLS, _GUEST, Need("/vms/{vmid}", "VM.Audit"), Need("/vms/{vmid}", "VM.Config.Network"))
firewall_sets.declare(CALLS, _CLUSTER, _SEE, _CHANGE)
_firewall(_GUEST, _OF_GUEST, Need("/vms/{vmid}", "VM.Audit"), Need("/vms/{vmid}", "VM.Config.Network"))
_firewall(_NODE, _OF_NODE, Need("/nodes/{node}", "Sys.Audit"), Need("/nodes/{node}", "Sys.Modify"))
_firewall(_CLUSTER, _OF_CLUSTER, _SEE, _CHANGE)
declare(CALLS, f"{_GROUPS}/{{group}}", _SEE, _CHANGE)
CALLS.index(_GUEST, "name", ("rules", "aliases", "ipset", "refs", "options"), allow=Need("/vms/{vmid}", "VM.Audit"))
CALLS.index(_CLUSTER, "name", ("aliases", "rules", "options", "groups", "ipset", "macros", "refs"))


@CALLS.get(_GROUPS)
def list_groups(call: Call) -> Json:
    """Return the security groups."""
    return [{"group": name, "digest": digest(group), **group} for name, group in call.lab.store.items("firewall_group")]


@CALLS.post(
    _GROUPS, allow=_CHANGE, parameters={"group": GROUP, "comment": text(optional=True), "rename": text(optional=True), "digest": DIGEST}
)
def add_group(call: Call) -> Json:
    """Make an empty group, or with `rename` give one another name or comment."""
    name, before, store = call.text("group"), call.text("rename"), call.lab.store
    comment: Document = {"comment": call.text("comment")} if call.has("comment") else {}
    with store.transaction():
        if before != name and store.get("firewall_group", name) is not None:
            raise Failure.parameter("group", f"Security group '{name}' already exists")
        kept = store.get("firewall_group", before) if before else {}
        if kept is None:
            raise Failure.of(f"no such security group '{before}'")
        if before and before != name:
            store.put("firewall", f"group:{name}/rules", store.get("firewall", f"group:{before}/rules") or {})
            store.delete("firewall", f"group:{before}/rules")
            store.delete("firewall_group", before)
        store.put("firewall_group", name, kept | comment)
    return None


@CALLS.delete(f"{_GROUPS}/{{group}}", allow=_CHANGE, parameters={"group": GROUP})
def delete_group(call: Call) -> Json:
    """Delete an empty group."""
    with call.lab.store.transaction():
        kept = key(call, "rules")
        if rules_of(call):
            raise Failure.of(f"Security group '{call.text('group')}' is not empty")
        call.lab.store.delete("firewall", kept)
        call.lab.store.delete("firewall_group", call.text("group"))
    return None


@CALLS.get(f"{_CLUSTER}/macros")
def list_macros(call: Call) -> Json:
    """Return the macros that rules may use."""
    del call
    return [{"macro": name, "descr": description} for name, (description, _) in MACROS.items()]


_REFERENCES = {"type": text(optional=True, enum=("alias", "ipset"))}


def list_references(call: Call) -> Json:
    """Return the names that a rule's source or destination may be."""
    rows: list[Document] = []
    for scope, whose in (("dc", "cluster"), *([("guest", str(call.vmid))] if call.has("vmid") else [])):
        for kind, mark in (("ipset", "+"), ("alias", "")):
            if call.text("type", kind) == kind:
                rows += [_reference(scope, kind, mark, one) for one in named(call.lab.store, whose, _FOLDERS[kind]).values()]
    if call.text("type", "ipset") == "ipset":
        rows += _of_networks(call)
    return rows


def _of_networks(call: Call) -> list[Document]:
    vnets = [key.removeprefix("vnets/") for key in call.lab.store.keys("sdn_running", "vnets/")]
    return [
        {"scope": "sdn", "type": "ipset", "name": f"{vnet}-{what}", "ref": f"+{vnet}-{what}", "comment": said.format(vnet)}
        for vnet in vnets
        for what, said in NETWORK_SETS.items()
    ]


_FOLDERS = {"ipset": "ipset", "alias": "aliases"}


def _reference(scope: str, kind: str, mark: str, one: Json) -> Document:
    row = dict(one) if isinstance(one, dict) else {}
    shown: Document = {"scope": scope, "type": kind, "name": row["name"], "ref": f"{mark}{row['name']}"}
    return shown | ({"comment": row["comment"]} if "comment" in row else {})


CALLS.get(f"{_CLUSTER}/refs", allow=_SEE, parameters=_REFERENCES)(list_references)
CALLS.get(f"{_GUEST}/refs", allow=Need("/vms/{vmid}", "VM.Audit"), parameters=_REFERENCES)(list_references)
