"""The subnets of virtual networks."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from provisioner.lab.proxmox import sdn_objects
from provisioner.lab.proxmox.access import EVERYONE
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.parameters import Parameter, boolean, dns_name, text
from provisioner.lab.proxmox.sdn_calls import CHANGE, LOCK, SDN, VIEW, VNET_ID, delete, refused, require_vnet, wrong
from provisioner.lab.proxmox.sdn_objects import SUBNET
from provisioner.lab.proxmox.values import Document, Json

CALLS = Calls()
_SUBNET: dict[str, Parameter] = {
    **LOCK,
    "dhcp-dns-server": text(optional=True),
    "dnszoneprefix": text(optional=True, check=dns_name),
    "gateway": text(optional=True),
    "snat": boolean(),
}
_SUBNETS = f"{SDN}/vnets/{{vnet}}/subnets"


@CALLS.get(_SUBNETS, allow=EVERYONE, parameters=VIEW | VNET_ID)
def list_subnets(call: Call) -> Json:
    """Return the subnets of a virtual network."""
    require_vnet(call, "SDN.Audit", "SDN.Allocate")
    rows = sdn_objects.rows(call, SUBNET)
    return [row for row in rows if call.text("vnet") in (row.get("vnet"), _pending_vnet(row))]


def _pending_vnet(row: Document) -> Json:
    pending = row.get("pending")
    return pending.get("vnet") if isinstance(pending, dict) else None


def _network(_: str, value: str) -> str | None:
    try:
        ip_network(value.rpartition("-")[0].rpartition("-")[2] + "/" + value.rpartition("-")[2] if "/" not in value else value)
    except ValueError:
        return "value does not look like a valid subnet\n"
    return None


@CALLS.post(_SUBNETS, allow=EVERYONE, parameters={**VNET_ID, "subnet": text(check=_network), "type": text(enum=("subnet",)), **_SUBNET})
def add_subnet(call: Call) -> Json:
    """Write a subnet of a virtual network."""
    vnet = require_vnet(call, "SDN.Allocate")
    network = call.text("subnet")
    if "/" not in network:
        network = "/".join(network.rsplit("-", 2)[1:])
    name = f"{vnet['zone']}-{network.replace('/', '-')}"
    settings = sdn_objects.given(call, SUBNET) | {"vnet": call.text("vnet"), "zone": vnet["zone"], "type": "subnet"}
    with call.lab.store.transaction():
        if name in sdn_objects.written(call, SUBNET):
            raise refused("create", SUBNET, f"sdn subnet object ID '{name}' already defined")
        sdn_objects.keep(call, SUBNET, name, _checked_subnet("create", network, settings))
    return None


def _checked_subnet(doing: str, network: str, subnet: Document) -> Document:
    for name in ("gateway", "dhcp-dns-server"):
        try:
            address = ip_address(str(subnet[name])) if name in subnet else None
        except ValueError as error:
            raise Failure.parameter(name, "invalid format - value does not look like a valid IP address\n") from error
        if name == "gateway" and address is not None and address not in ip_network(network):
            raise wrong(doing, SUBNET, "gateway", f"gateway {address} is not in subnet {network}")
    return subnet


_ONE_SUBNET = {**VNET_ID, "subnet": text()}


@CALLS.get(f"{_SUBNETS}/{{subnet}}", allow=EVERYONE, parameters=VIEW | _ONE_SUBNET)
def read_subnet(call: Call) -> Json:
    """Return a subnet."""
    require_vnet(call, "SDN.Audit", "SDN.Allocate")
    return sdn_objects.one(call, SUBNET, call.text("subnet"))


@CALLS.put(f"{_SUBNETS}/{{subnet}}", allow=EVERYONE, parameters={**_ONE_SUBNET, **_SUBNET, **CHANGE})
def change_subnet(call: Call) -> Json:
    """Change a subnet."""
    require_vnet(call, "SDN.Allocate")
    name = call.text("subnet")
    with call.lab.store.transaction():
        kept = sdn_objects.find(call, SUBNET, name)
        settings = {key: value for key, value in sdn_objects.given(call, SUBNET).items() if key != "vnet"}
        subnet = sdn_objects.changed(call, SUBNET, kept, settings)
        sdn_objects.keep(call, SUBNET, name, _checked_subnet("update", "/".join(name.rsplit("-", 2)[1:]), subnet))
    return None


@CALLS.delete(f"{_SUBNETS}/{{subnet}}", allow=EVERYONE, parameters=_ONE_SUBNET | LOCK)
def delete_subnet(call: Call) -> Json:
    """Take a subnet away."""
    require_vnet(call, "SDN.Allocate")
    return delete(call, SUBNET, call.text("subnet"), lambda: None)
