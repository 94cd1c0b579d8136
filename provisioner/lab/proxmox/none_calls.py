"""What can be asked of a node or a cluster and of which the lab has none: the answers are empty, as on a node fresh from the installer."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.lab.proxmox.access import ROOT, Allow, Login, Need
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.parameters import Parameter, boolean, integer, storage_id, text
from provisioner.lab.proxmox.values import Document, Json, digest

CALLS = Calls()
_AUDIT = Need("/", "Sys.Audit")
_ANYONE = Login()
_EMPTY: Mapping[str, Allow] = {
    "/access/tfa": _ANYONE,
    "/access/tfa/{userid}": _ANYONE,
    "/cluster/acme/account": _ANYONE,
    "/cluster/acme/plugins": _AUDIT,
    "/cluster/config/nodes": _AUDIT,
    "/cluster/mapping/pci": _ANYONE,
    "/cluster/metrics/server": _AUDIT,
    "/cluster/replication": _ANYONE,
    "/cluster/sdn/dns": _ANYONE,
    "/nodes/{node}/replication": _ANYONE,
    "/nodes/{node}/services": Need("/nodes/{node}", "Sys.Audit"),
}
_FOLDERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "/access/openid": ("subdir", ("auth-url", "login")),
    "/cluster/config": ("name", ("nodes", "totem", "join", "qdevice", "apiversion")),
    "/cluster/jobs": ("subdir", ("schedule-analyze", "realm-sync")),
    "/cluster/mapping": ("name", ("dir", "pci", "usb")),
    "/cluster/notifications": ("name", ("endpoints", "matchers", "targets", "matcher-fields", "matcher-field-values")),
    "/cluster/sdn/fabrics": ("subdir", ("fabric", "node", "all")),
    "/nodes/{node}/scan": ("method", ("cifs", "iscsi", "lvm", "nfs", "pbs", "zfs")),
}


def _nothing(_: Call) -> Json:
    """Return an empty list."""
    return []


_ASKED: Mapping[str, Mapping[str, Parameter]] = {
    "/access/tfa/{userid}": {"userid": text()},
    "/cluster/acme/plugins": {"type": text(optional=True, enum=("dns", "standalone"))},
    "/cluster/mapping/pci": {"check-node": text(optional=True)},
    "/cluster/sdn/dns": {"type": text(optional=True, enum=("powerdns",))},
    "/nodes/{node}/replication": {"guest": integer(optional=True)},
}
for _path, _allow in _EMPTY.items():
    CALLS.get(_path, allow=_allow, parameters=_ASKED.get(_path))(_nothing)
for _path, (_key, _names) in _FOLDERS.items():
    CALLS.index(_path, _key, _names)


@CALLS.get("/cluster/config/join", allow=_AUDIT, parameters={"node": text(optional=True)})
def join_information(call: Call) -> Json:
    """Refuse: each node of the lab stands alone."""
    del call
    raise Failure(424, "node is not in a cluster, no join info available!")


@CALLS.get("/cluster/backup-info")
def backup_information(call: Call) -> Json:
    """Return the folder, to root itself."""
    if call.who.full != ROOT:
        raise Failure(403, f"Permission check failed (user != {ROOT})")
    return [{"subdir": "not-backed-up"}]


@CALLS.get("/cluster/notifications/targets")
def targets(call: Call) -> Json:
    """Return the target that is built in; the lab sends no mail."""
    del call
    return [{"name": "mail-to-root", "type": "sendmail", "origin": "builtin", "comment": "Send mails to root@pam's email address"}]


@CALLS.get("/cluster/sdn/ipams", parameters={"type": text(optional=True, enum=("netbox", "phpipam", "pve"))})
def address_managers(call: Call) -> Json:
    """Return the one that is built in."""
    rows: list[Document] = [{"ipam": "pve", "type": "pve", "digest": digest("")}]
    return [row for row in rows if call.text("type", "pve") == row["type"]]


@CALLS.get("/cluster/sdn/fabrics/all", parameters={"pending": boolean(), "running": boolean()})
def fabrics(call: Call) -> Json:
    """Return no fabrics."""
    del call
    return {"fabrics": [], "nodes": []}


@CALLS.get("/nodes/{node}/storage/{storage}/import-metadata", parameters={"storage": text(check=storage_id), "volume": text()})
def import_metadata(call: Call) -> Json:
    """Refuse: no storage of the lab holds guests of another hypervisor."""
    raise Failure.of(f"unable to parse directory volume name '{call.text('volume')}'")


@CALLS.get("/cluster/sdn/vnets/{vnet}/firewall/rules", allow=Need("/sdn", "SDN.Audit"), parameters={"vnet": text()})
def network_rules(call: Call) -> Json:
    """Return no rules: a virtual network of the lab has no firewall of its own, and refuses to take rules (501)."""
    if call.lab.store.get("sdn", f"vnets/{call.text('vnet')}") is None:
        raise Failure.of(f"sdn vnet '{call.text('vnet')}' does not exist")
    return []
