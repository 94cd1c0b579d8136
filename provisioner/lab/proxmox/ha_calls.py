"""High availability: the guests that are kept in a state, and what became of it.

A state that is asked for is made so at once: the guest is started or stopped. No node of the lab fails over to another.
"""

from __future__ import annotations

from dataclasses import replace

from provisioner.lab.proxmox import guest_status, guest_store
from provisioner.lab.proxmox.access import Need
from provisioner.lab.proxmox.calls import Call, Calls, check_digest
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.guest_move import carry
from provisioner.lab.proxmox.guest_power import start, stop
from provisioner.lab.proxmox.guest_store import Guest
from provisioner.lab.proxmox.ha_state import DEFAULTS
from provisioner.lab.proxmox.parameters import DIGEST, Parameter, boolean, integer, node_name, text
from provisioner.lab.proxmox.tasks import Log
from provisioner.lab.proxmox.values import Document, Json, digest, split_list

CALLS = Calls()
_HA, _RESOURCES = "/cluster/ha", "/cluster/ha/resources"
_SEE, _CHANGE = Need("/", "Sys.Audit"), Need("/", "Sys.Console")
_STATES = ("started", "stopped", "enabled", "disabled", "ignored")
_SID = {"sid": text(pattern=r"(vm:|ct:)?\d+")}
_TYPE = text(optional=True, enum=("ct", "vm"))
_SETTINGS: dict[str, Parameter] = {
    "comment": text(optional=True, max_length=4096),
    "failback": boolean(),
    "group": text(optional=True),
    "max_relocate": integer(optional=True, minimum=0),
    "max_restart": integer(optional=True, minimum=0),
    "state": text(optional=True, enum=_STATES),
}
MIGRATED = "ha groups have been migrated to rules"
CALLS.index(_HA, "id", ("status", "resources", "groups", "rules"), allow=_SEE)
CALLS.index(f"{_HA}/status", "name", ("current", "manager_status"))


def _sid(call: Call) -> str:
    given = call.text("sid")
    return given if ":" in given else f"vm:{given}"


def _all(call: Call) -> Document:
    return dict(call.lab.store.items("ha_resource"))


def _shown(call: Call, sid: str, kept: Document) -> Document:
    return {"sid": sid, "type": sid.partition(":")[0], **DEFAULTS, **kept, "digest": digest(_all(call))}


def _kept(call: Call, otherwise: str) -> Document:
    found = call.lab.store.get("ha_resource", _sid(call))
    if found is None:
        raise Failure.of(otherwise)
    return found


def _settings(call: Call) -> Document:
    if call.has("group"):
        raise Failure.of(f"cannot use group: {MIGRATED}")
    return {name: call.parameters[name] for name in _SETTINGS if call.has(name)}


def _guest(call: Call) -> Guest:
    kind, _, number = _sid(call).partition(":")
    guest = guest_store.find(call.lab.store, int(number)) if kind == "vm" else None
    if guest is None:
        raise Failure.of(f"resource '{_sid(call)}' does not exist in cluster")
    return guest


def _make_so(call: Call, guest: Guest) -> None:
    """Start or stop a guest as its state says, in a task of its node."""
    state = str(_shown(call, _sid(call), _kept(call, ""))["state"])
    running = guest_status.running(call.lab, guest)
    if state in ("started", "enabled") and not running and not guest.config.get("template"):
        there = replace(call, parameters={**call.parameters, "node": guest.node})
        there.task("qmstart", str(guest.vmid), lambda _: _held(call, guest, on=True))
    elif state in ("stopped", "disabled") and running:
        there = replace(call, parameters={**call.parameters, "node": guest.node})
        there.task("qmstop", str(guest.vmid), lambda _: _held(call, guest, on=False))


def _held(call: Call, guest: Guest, *, on: bool) -> None:
    with call.lab.guests.hold(guest.vmid):
        if on:
            start(call.lab, guest.node, guest.vmid)
        else:
            stop(call.lab, guest_store.on_node(call.lab.store, guest.node, guest.vmid))


@CALLS.get(_RESOURCES, allow=_SEE, parameters={"type": _TYPE})
def list_resources(call: Call) -> Json:
    """Return the managed guests."""
    rows = [_shown(call, sid, kept) for sid, kept in call.lab.store.items("ha_resource")]
    return [row for row in rows if call.text("type", str(row["type"])) == row["type"]]


@CALLS.post(_RESOURCES, allow=_CHANGE, parameters=_SID | {"type": _TYPE} | _SETTINGS)
def add_resource(call: Call) -> Json:
    """Let a guest be managed, and put it into its state."""
    settings, guest = _settings(call), _guest(call)
    if call.text("type", "vm") != "vm":
        raise Failure.of(f"types '{call.text('type')}' and 'vm' do not match")
    with call.lab.store.transaction():
        if call.lab.store.get("ha_resource", _sid(call)) is not None:
            raise Failure.of(f"resource ID '{_sid(call)}' already defined")
        call.lab.store.put("ha_resource", _sid(call), settings)
    _make_so(call, guest)
    return None


@CALLS.get(f"{_RESOURCES}/{{sid}}", allow=_SEE, parameters=_SID)
def read_resource(call: Call) -> Json:
    """Return a managed guest."""
    return _shown(call, _sid(call), _kept(call, f"no such resource '{_sid(call)}'"))


@CALLS.put(
    f"{_RESOURCES}/{{sid}}", allow=_CHANGE, parameters=_SID | _SETTINGS | {"delete": text(optional=True, max_length=4096), "digest": DIGEST}
)
def change_resource(call: Call) -> Json:
    """Change how a guest is managed, and put it into its state."""
    settings, gone = _settings(call), split_list(call.text("delete"))
    with call.lab.store.transaction():
        kept = _kept(call, f"no such resource '{_sid(call)}'")
        check_digest(call, _all(call))
        for name in gone:
            if name not in _SETTINGS:
                raise Failure.parameter("delete", f"unknown option '{name}'")
        call.lab.store.put("ha_resource", _sid(call), {name: value for name, value in (kept | settings).items() if name not in gone})
    _make_so(call, _guest(call))
    return None


@CALLS.delete(f"{_RESOURCES}/{{sid}}", allow=_CHANGE, parameters=_SID | {"purge": boolean()})
def delete_resource(call: Call) -> Json:
    """Let a guest be managed no longer; it stays as it is."""
    if not call.lab.store.delete("ha_resource", _sid(call)):
        raise Failure.of(f"cannot delete service '{_sid(call)}', not HA managed!")
    return None


def _move(call: Call) -> Json:
    """Carry a managed guest over to another node, online if it runs."""
    _kept(call, f"no such resource '{_sid(call)}'")
    guest, target = _guest(call), call.text("node")
    if call.lab.store.get("node", target) is None:
        raise Failure.of(f"no such cluster node '{target}'")
    if target == guest.node:
        raise Failure.of(f"service '{_sid(call)}' is already on node '{target}'")
    there = replace(call, parameters={"node": guest.node, "vmid": guest.vmid, "online": 1})

    def work(log: Log) -> None:
        with call.lab.guests.hold(guest.vmid):
            carry(there, guest_store.on_node(call.lab.store, guest.node, guest.vmid), target, log)

    there.task("qmigrate", str(guest.vmid), work)
    return {"sid": _sid(call), "requested-node": target}


for _verb in ("migrate", "relocate"):
    CALLS.post(f"{_RESOURCES}/{{sid}}/{_verb}", allow=_CHANGE, parameters=_SID | {"node": text(check=node_name)})(_move)


@CALLS.get(f"{_HA}/status/current", allow=_SEE)
def current(call: Call) -> Json:
    """Return the quorum, the fencing (none) and each managed guest with the state it is in."""
    first = call.lab.store.keys("node")[0]
    rows: list[Document] = [
        {"id": "quorum", "type": "quorum", "node": first, "status": "OK", "quorate": 1},
        {"id": "fencing", "type": "fencing", "node": first, "status": "standby (no watchdog)", "armed-state": "standby"},
    ]
    for sid, kept in call.lab.store.items("ha_resource"):
        guest = guest_store.find(call.lab.store, int(sid.partition(":")[2]))
        if guest is None:
            continue
        wanted = DEFAULTS | kept
        state = "started" if guest_status.running(call.lab, guest) else "stopped"
        row: Document = {"id": f"service:{sid}", "type": "service", "sid": sid, "node": guest.node, "state": state, "failback": 1}
        row |= {"request_state": wanted["state"], "status": f"{sid} ({guest.node}, {state})"}
        rows.append(row | {name: value for name, value in wanted.items() if name != "state"})
    return rows


@CALLS.get(f"{_HA}/status/manager_status", allow=_SEE)
def manager_status(call: Call) -> Json:
    """Return the state of the manager: it has no node that could take over."""
    return {"manager_status": {"node_status": {}}, "quorum": {"quorate": "1", "node": call.lab.store.keys("node")[0]}}
