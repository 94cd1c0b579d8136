"""What a node keeps of its own: resolver, time zone, hosts file, notes. Kept, since the machine that carries the lab is nobody's to set."""

from __future__ import annotations

import time
import zoneinfo
from datetime import datetime
from ipaddress import ip_address

from provisioner.lab.proxmox.access import Need
from provisioner.lab.proxmox.calls import Call, Calls, check_digest
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.parameters import DIGEST, Parameter, boolean, integer, text
from provisioner.lab.proxmox.values import Document, Json, digest, split_list

CALLS = Calls()
_NODE = "/nodes/{node}"
_AUDIT, _MODIFY = Need(_NODE, "Sys.Audit"), Need(_NODE, "Sys.Modify")


def _ip(_: str, value: str) -> str | None:
    try:
        ip_address(value)
    except ValueError:
        return "value does not look like a valid IP address\n"
    return None


_SERVER = text(optional=True, check=_ip)


@CALLS.get(f"{_NODE}/dns", allow=_AUDIT)
def read_dns(call: Call) -> Json:
    """Return the resolver's settings."""
    return call.lab.store.get("dns", f"{call.node}/resolv") or {}


@CALLS.put(f"{_NODE}/dns", allow=_MODIFY, parameters={"search": text(), "dns1": _SERVER, "dns2": _SERVER, "dns3": _SERVER})
def change_dns(call: Call) -> Json:
    """Set the search domain; servers that are not given stay."""
    with call.lab.store.transaction():
        kept = call.lab.store.get("dns", f"{call.node}/resolv") or {}
        given: Document = {name: call.parameters[name] for name in ("search", "dns1", "dns2", "dns3") if call.has(name)}
        call.lab.store.put("dns", f"{call.node}/resolv", kept | given)
    return None


def _zone(_: str, value: str) -> str | None:
    return None if value in zoneinfo.available_timezones() else "no such timezone\n"


@CALLS.get(f"{_NODE}/time", allow=_AUDIT)
def read_time(call: Call) -> Json:
    """Return the time, and the local time as if it were UTC."""
    name = str((call.lab.store.get("node", call.node) or {}).get("timezone", "UTC"))
    now = int(time.time())
    offset = zoneinfo.ZoneInfo(name).utcoffset(datetime.now(tz=zoneinfo.ZoneInfo(name)))
    return {"time": now, "timezone": name, "localtime": now + (int(offset.total_seconds()) if offset else 0)}


@CALLS.put(f"{_NODE}/time", allow=_MODIFY, parameters={"timezone": text(check=_zone)})
def change_time(call: Call) -> Json:
    """Set the node's time zone."""
    with call.lab.store.transaction():
        call.lab.store.put("node", call.node, (call.lab.store.get("node", call.node) or {}) | {"timezone": call.text("timezone")})
    return None


def _hosts(call: Call) -> str:
    kept = call.lab.store.get("hosts", f"{call.node}/hosts")
    return f"127.0.0.1 localhost {call.node}\n" if kept is None else str(kept["data"])


@CALLS.get(f"{_NODE}/hosts", allow=Need("/", "Sys.Audit"))
def read_hosts(call: Call) -> Json:
    """Return the node's hosts file."""
    return {"data": _hosts(call), "digest": digest(_hosts(call))}


@CALLS.post(f"{_NODE}/hosts", allow=_MODIFY, parameters={"data": text(), "digest": DIGEST})
def change_hosts(call: Call) -> Json:
    """Write the node's hosts file."""
    with call.lab.store.transaction():
        check_digest(call, _hosts(call))
        for number, line in enumerate(call.text("data").splitlines(), 1):
            words = line.partition("#")[0].split()
            if words and _ip("data", words[0]) is not None:
                raise Failure.parameter("data", f"line {number}: '{words[0]}' is no IP address")
        call.lab.store.put("hosts", f"{call.node}/hosts", {"data": call.text("data")})
    return None


_CONFIG: dict[str, Parameter] = {
    "description": text(optional=True, max_length=65536),
    "startall-onboot-delay": integer(optional=True, minimum=0, maximum=300),
    "ballooning-target": integer(optional=True, minimum=0, maximum=100),
}
_PROPERTIES = (
    "all",
    "acme",
    *(f"acmedomain{n}" for n in range(6)),
    "ballooning-target",
    "description",
    "startall-onboot-delay",
    "wakeonlan",
)


def _config(call: Call) -> Document:
    kept = (call.lab.store.get("node", call.node) or {}).get("config")
    return dict(kept) if isinstance(kept, dict) else {}


@CALLS.get(f"{_NODE}/config", allow=Need("/", "Sys.Audit"), parameters={"property": text(optional=True, enum=_PROPERTIES)})
def read_config(call: Call) -> Json:
    """Return the node's notes and options."""
    kept, wanted = _config(call), call.text("property", "all")
    shown: Document = {name: value for name, value in kept.items() if wanted in ("all", name)}
    return shown | ({"digest": digest(kept)} if kept else {})


@CALLS.put(f"{_NODE}/config", allow=Need("/", "Sys.Modify"), parameters={**_CONFIG, "delete": text(optional=True), "digest": DIGEST})
def change_config(call: Call) -> Json:
    """Set the node's notes and options."""
    gone = split_list(call.text("delete"))
    for name in gone:
        if name not in _CONFIG:
            raise Failure.parameter("delete", f"unknown option '{name}'")
    with call.lab.store.transaction():
        kept = _config(call)
        check_digest(call, kept)
        config = {
            name: value for name, value in (kept | {n: call.parameters[n] for n in _CONFIG if call.has(n)}).items() if name not in gone
        }
        call.lab.store.put("node", call.node, (call.lab.store.get("node", call.node) or {}) | {"config": config})
    return None


@CALLS.get(f"{_NODE}/lxc")
def list_containers(call: Call) -> Json:
    """Return no containers: the lab has none, and refuses to make one (501)."""
    del call
    return []


@CALLS.get(
    f"{_NODE}/lxc/{{vmid}}/config",
    allow=Need("/vms/{vmid}", "VM.Audit"),
    parameters={"current": boolean(), "snapshot": text(optional=True, max_length=40)},
)
def container_config(call: Call) -> Json:
    """Refuse: there is no such container."""
    raise Failure.of(f"Configuration file 'nodes/{call.node}/lxc/{call.vmid}.conf' does not exist")
