"""The network of a node: changes are written beside the active configuration and wait for the reload (PUT), as Proxmox's do."""

from __future__ import annotations

import difflib
import json

from provisioner.lab.proxmox.access import Need
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.parameters import Parameter, boolean, integer, text
from provisioner.lab.proxmox.values import Beside, Document, Json

CALLS = Calls()
_TYPES = ("bridge", "bond", "eth", "alias", "vlan", "fabric", "OVSBridge", "OVSBond", "OVSPort", "OVSIntPort", "vnet", "unknown")
_SEE = Need("/nodes/{node}", "Sys.Audit")
_CHANGE = Need("/nodes/{node}", "Sys.Modify")
_NAME = text(min_length=2, max_length=20, pattern=r"[a-zA-Z][a-zA-Z0-9_.:-]*")
_SETTINGS: dict[str, Parameter] = {
    "type": text(enum=_TYPES),
    "autostart": boolean(),
    "bridge_ports": text(optional=True),
    "bridge_vlan_aware": boolean(),
    "bridge_vids": text(optional=True),
    "comments": text(optional=True),
    "comments6": text(optional=True),
    "address": text(optional=True),
    "netmask": text(optional=True),
    "cidr": text(optional=True),
    "gateway": text(optional=True),
    "address6": text(optional=True),
    "netmask6": integer(optional=True, minimum=0, maximum=128),
    "cidr6": text(optional=True),
    "gateway6": text(optional=True),
    "mtu": integer(optional=True, minimum=1280, maximum=65520),
    "slaves": text(optional=True),
    "bond_mode": text(optional=True),
    "bond-primary": text(optional=True),
    "bond_xmit_hash_policy": text(optional=True, enum=("layer2", "layer2+3", "layer3+4")),
    "vlan-id": integer(optional=True, minimum=1, maximum=4094),
    "vlan-raw-device": text(optional=True),
}


def _key(call: Call, name: str) -> str:
    return f"{call.node}/{name}"


def _interfaces(call: Call, kind: str) -> dict[str, Document]:
    return {key.partition("/")[2]: dict(document) for key, document in call.lab.store.items(kind, f"{call.node}/")}


def _pending(call: Call) -> bool:
    return call.lab.store.get("option", f"network_pending/{call.node}") is not None


def _wanted(call: Call) -> dict[str, Document]:
    """Return the interfaces as the next reload will make them."""
    return _interfaces(call, "network_new" if _pending(call) else "network")


def _begin(call: Call) -> None:
    """Open the pending configuration with what is active."""
    if _pending(call):
        return
    for name, document in _interfaces(call, "network").items():
        call.lab.store.put("network_new", _key(call, name), document)
    call.lab.store.put("option", f"network_pending/{call.node}", {"pending": 1})


def _discard(call: Call) -> None:
    for name in _interfaces(call, "network_new"):
        call.lab.store.delete("network_new", _key(call, name))
    call.lab.store.delete("option", f"network_pending/{call.node}")


def _text(interfaces: dict[str, Document]) -> list[str]:
    return [f"{name} {json.dumps(interfaces[name], sort_keys=True)}\n" for name in sorted(interfaces)]


@CALLS.get("/nodes/{node}/network", parameters={"type": text(optional=True)})
def list_interfaces(call: Call) -> Json | Beside:
    """Return the interfaces, and beside them the pending changes."""
    wanted = _wanted(call)
    kind = call.text("type")
    rows: list[Document] = [
        {"iface": name, **document}
        for name, document in sorted(wanted.items())
        if kind in ("", "include_sdn", str(document["type"]))
        or (kind in ("any_bridge", "any_local_bridge") and document["type"] == "bridge")
    ]
    if not _pending(call):
        return rows
    changes = "".join(
        difflib.unified_diff(_text(_interfaces(call, "network")), _text(wanted), "/etc/network/interfaces", "/etc/network/interfaces.new")
    )
    return Beside(rows, {"changes": changes})


@CALLS.get("/nodes/{node}/network/{iface}", allow=_SEE, parameters={"iface": _NAME})
def read_interface(call: Call) -> Json:
    """Return one interface."""
    found = _wanted(call).get(call.text("iface"))
    if found is None:
        raise Failure.parameter("iface", "interface does not exist")
    return {key: value for key, value in found.items() if key != "iface"}


def _shown(call: Call) -> Document:
    """Return the settings of a call as the interface will read back."""
    given: Document = {name: call.parameters[name] for name in _SETTINGS if call.has(name) and call.text(name) != ""}
    for name in ("mtu", "vlan-id"):
        if name in given:
            given[name] = str(given[name])
    if "comments" in given:
        given["comments"] = str(given["comments"]).rstrip("\n") + "\n"
    if "cidr" in given:
        address, _, length = str(given["cidr"]).partition("/")
        given |= {"address": address, "netmask": length}
    method = "static" if "address" in given else "manual"
    document: Document = {
        "method": method,
        "method6": "static" if "cidr6" in given else "manual",
        "families": ["inet"],
        "priority": 4,
        **given,
    }
    if call.text("type") == "vlan":
        device, _, tag = call.text("iface").rpartition(".")
        document = {"vlan-id": tag, "vlan-raw-device": device, "exists": None} | document
    if call.text("type") == "bridge":
        document = {"bridge_ports": "", "bridge_stp": "off", "bridge_fd": "0"} | document
        if call.flag("bridge_vlan_aware"):
            document = {"bridge_vids": "2-4094"} | document
    return document


@CALLS.post("/nodes/{node}/network", allow=_CHANGE, parameters={"iface": _NAME, **_SETTINGS})
def add_interface(call: Call) -> Json:
    """Write a new interface; it appears with the next reload."""
    name = call.text("iface")
    with call.lab.store.transaction():
        if name in _wanted(call):
            raise Failure.parameter("iface", "interface already exists")
        _begin(call)
        call.lab.store.put("network_new", _key(call, name), _shown(call))
    return None


@CALLS.put("/nodes/{node}/network/{iface}", allow=_CHANGE, parameters={"iface": _NAME, "delete": text(optional=True), **_SETTINGS})
def change_interface(call: Call) -> Json:
    """Change an interface; settings that are not given go, as on Proxmox."""
    name = call.text("iface")
    with call.lab.store.transaction():
        kept = _wanted(call).get(name)
        if kept is None:
            raise Failure.parameter("iface", "interface does not exist")
        _begin(call)
        states: Document = {key: kept[key] for key in ("active", "priority", "exists") if key in kept}
        call.lab.store.put("network_new", _key(call, name), _shown(call) | states)
    return None


@CALLS.delete("/nodes/{node}/network/{iface}", allow=_CHANGE, parameters={"iface": _NAME})
def delete_interface(call: Call) -> Json:
    """Take an interface away with the next reload."""
    name = call.text("iface")
    with call.lab.store.transaction():
        if name not in _wanted(call):
            raise Failure.parameter("iface", "interface does not exist")
        _begin(call)
        call.lab.store.delete("network_new", _key(call, name))
    return None


@CALLS.delete("/nodes/{node}/network", allow=_CHANGE)
def revert(call: Call) -> Json:
    """Forget the pending changes."""
    with call.lab.store.transaction():
        _discard(call)
    return None


@CALLS.put("/nodes/{node}/network", allow=_CHANGE, parameters={"regenerate-frr": boolean()})
def reload(call: Call) -> Json:
    """Make the pending configuration the active one, on the node's switch too."""

    def work(_log: object) -> None:
        with call.lab.store.transaction():
            wanted = _wanted(call)
            for name in _interfaces(call, "network"):
                call.lab.store.delete("network", _key(call, name))
            for name, document in wanted.items():
                call.lab.store.put("network", _key(call, name), document | ({"active": 1} if document.get("autostart") else {}))
            _discard(call)
        call.lab.switch.apply(call.node, [name for name, document in wanted.items() if document["type"] == "bridge"])

    return call.task("srvreload", "networking", work)
