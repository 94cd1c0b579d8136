"""Controllers of the software-defined network: the lab has none, and says so instead of keeping one that does nothing."""

from __future__ import annotations

from provisioner.lab.proxmox.access import Need
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.parameters import Parameter, boolean, integer, node_name, text
from provisioner.lab.proxmox.sdn_calls import CHANGE, LOCK, SDN, VIEW
from provisioner.lab.proxmox.values import Json

CALLS = Calls()
_TYPES = ("bgp", "evpn", "faucet", "isis")
_ONE = {"controller": text(max_length=64, pattern=r"[A-Za-z][A-Za-z0-9_-]*[A-Za-z0-9]")}
_ALLOCATE = Need("/sdn/controllers", "SDN.Allocate")
_SETTINGS: dict[str, Parameter] = {
    **LOCK,
    **{name: text(optional=True) for name in ("fabric", "isis-domain", "isis-ifaces", "isis-net", "loopback", "peers")},
    "asn": integer(optional=True, minimum=0, maximum=4294967295),
    "bgp-multipath-as-path-relax": boolean(),
    "ebgp": boolean(),
    "ebgp-multihop": integer(optional=True),
    "node": text(optional=True, check=node_name),
}


@CALLS.get(f"{SDN}/controllers", parameters=VIEW | {"type": text(optional=True, enum=_TYPES)})
def list_controllers(call: Call) -> Json:
    """Return no controllers."""
    del call
    return []


@CALLS.post(f"{SDN}/controllers", allow=_ALLOCATE, parameters={**_ONE, "type": text(enum=_TYPES), **_SETTINGS})
def add_controller(call: Call) -> Json:
    """Refuse."""
    raise Failure.of(f"create sdn controller object failed: the lab carries no controllers of type '{call.text('type')}'")


def _missing(call: Call) -> Json:
    """Refuse: there is no such controller."""
    raise Failure.of(f"sdn controller '{call.text('controller')}' does not exist")


CALLS.get(f"{SDN}/controllers/{{controller}}", allow=Need("/sdn/controllers/{controller}", "SDN.Allocate"), parameters={**_ONE, **VIEW})(
    _missing
)
CALLS.put(f"{SDN}/controllers/{{controller}}", allow=_ALLOCATE, parameters={**_ONE, **_SETTINGS, **CHANGE})(_missing)
CALLS.delete(f"{SDN}/controllers/{{controller}}", allow=_ALLOCATE, parameters={**_ONE, **LOCK})(_missing)
