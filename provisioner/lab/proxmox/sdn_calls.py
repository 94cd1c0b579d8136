"""The software-defined network: zones, virtual networks, subnets, and their apply. The lab carries simple and VLAN zones."""

from __future__ import annotations

from collections.abc import Callable

from provisioner.lab.proxmox import sdn_objects
from provisioner.lab.proxmox.access import EVERYONE, Need
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.parameters import DIGEST, Parameter, boolean, dns_name, integer, text
from provisioner.lab.proxmox.sdn_objects import SUBNET, VNET, ZONE, Kind
from provisioner.lab.proxmox.values import Document, Json

CALLS = Calls()
SDN = "/cluster/sdn"
_ALLOCATE = Need("/sdn/zones/{zone}", "SDN.Allocate")
_ID = text(max_length=8, min_length=2, pattern=r"[a-z][a-z0-9]+")
_ZONE_ID = {"zone": _ID}
VNET_ID = {"vnet": _ID}
_TYPES = ("evpn", "faucet", "qinq", "simple", "vlan", "vxlan")
_CARRIED = ("simple", "vlan")
LOCK: dict[str, Parameter] = {"lock-token": text(optional=True)}
VIEW: dict[str, Parameter] = {"pending": boolean(), "running": boolean()}
CHANGE: dict[str, Parameter] = {"delete": text(optional=True, max_length=4096), "digest": DIGEST}
_ZONE: dict[str, Parameter] = {
    **LOCK,
    **{
        name: boolean()
        for name in ("advertise-subnets", "bridge-disable-mac-learning", "disable-arp-nd-suppression", "exitnodes-local-routing")
    },
    **{
        name: text(optional=True)
        for name in (
            "bridge",
            "controller",
            "dns",
            "exitnodes",
            "exitnodes-primary",
            "fabric",
            "ipam",
            "mac",
            "nodes",
            "peers",
            "reversedns",
            "rt-import",
        )
    },
    "dhcp": text(optional=True, enum=("dnsmasq",)),
    "dnszone": text(optional=True, check=dns_name),
    "dp-id": integer(optional=True),
    "mtu": integer(optional=True),
    "tag": integer(optional=True, minimum=0),
    "vlan-protocol": text(optional=True, enum=("802.1q", "802.1ad")),
    "vrf-vxlan": integer(optional=True, minimum=1, maximum=16777215),
    "vxlan-port": integer(optional=True, minimum=1, maximum=65536),
}
_VNET: dict[str, Parameter] = {
    **LOCK,
    "alias": text(optional=True, max_length=256, pattern=r"[()\-_.\w\d\s]{0,256}"),
    "isolate-ports": boolean(),
    "tag": integer(optional=True, minimum=1, maximum=16777215),
    "vlanaware": boolean(),
}
_ONLY = {
    "simple": ("nodes", "mtu", "type", "dns", "dnszone", "reversedns", "ipam", "dhcp"),
    "vlan": ("nodes", "mtu", "type", "dns", "dnszone", "reversedns", "ipam", "bridge", "bridge-disable-mac-learning"),
}
CALLS.index(SDN, "id", ("vnets", "zones", "controllers", "ipams", "dns", "fabrics"), allow=Need("/sdn", "SDN.Audit"))


def refused(doing: str, kind: Kind, why: str) -> Failure:
    """Return Proxmox's refusal of a change of an object."""
    return Failure.of(f"{doing} sdn {kind.word} object failed: {why}")


def wrong(doing: str, kind: Kind, name: str, why: str) -> Failure:
    """Return the refusal that blames one setting; here it is a 500, as on Proxmox."""
    return refused(doing, kind, f"400 Parameter verification failed.\n{name}: {why}\n")


def _seen(call: Call, row: Document) -> bool:
    pending = row.get("pending")
    zone = row.get("zone") or (pending.get("zone") if isinstance(pending, dict) else None)
    return call.allowed_any(f"/sdn/zones/{zone}", "SDN.Audit", "SDN.Allocate")


@CALLS.get(f"{SDN}/zones", parameters=VIEW | {"type": text(optional=True, enum=_TYPES)})
def list_zones(call: Call) -> Json:
    """Return the zones that the caller may see."""
    return [row for row in sdn_objects.rows(call, ZONE) if _seen(call, row) and call.text("type", str(row["type"])) == row["type"]]


@CALLS.get(f"{SDN}/zones/{{zone}}", allow=_ALLOCATE, parameters=VIEW | _ZONE_ID)
def read_zone(call: Call) -> Json:
    """Return a zone."""
    return sdn_objects.one(call, ZONE, call.text("zone"))


def _checked_zone(doing: str, kind: str, zone: Document) -> Document:
    if kind not in _CARRIED:
        raise refused(doing, ZONE, f"the lab carries no zones of type '{kind}'")
    if kind == "vlan" and "bridge" not in zone:
        raise Failure.of("missing value for required option 'bridge'")
    for name in zone:
        if name not in _ONLY[kind]:
            raise wrong(doing, ZONE, name, f"unexpected property '{name}'")
    if "dhcp" in zone:
        raise refused(doing, ZONE, "the lab starts no DHCP server of a zone")
    return zone


@CALLS.post(f"{SDN}/zones", allow=Need("/sdn/zones", "SDN.Allocate"), parameters={**_ZONE_ID, "type": text(enum=_TYPES), **_ZONE})
def add_zone(call: Call) -> Json:
    """Write a zone; it is in force with the next apply."""
    name = call.text("zone")
    with call.lab.store.transaction():
        if name in sdn_objects.written(call, ZONE):
            raise refused("create", ZONE, f"sdn zone object ID '{name}' already defined")
        sdn_objects.keep(call, ZONE, name, _checked_zone("create", call.text("type"), sdn_objects.given(call, ZONE)))
    return None


@CALLS.put(f"{SDN}/zones/{{zone}}", allow=_ALLOCATE, parameters={**_ZONE_ID, **_ZONE, **CHANGE})
def change_zone(call: Call) -> Json:
    """Change a zone."""
    name = call.text("zone")
    with call.lab.store.transaction():
        kept = sdn_objects.find(call, ZONE, name)
        zone = sdn_objects.changed(call, ZONE, kept, sdn_objects.given(call, ZONE)) | {"type": kept["type"]}
        sdn_objects.keep(call, ZONE, name, _checked_zone("update", str(kept["type"]), zone))
    return None


def delete(call: Call, kind: Kind, name: str, used: Callable[[], None]) -> Json:
    """Take an object away; `used` raises the refusal of one that is in use."""
    sdn_objects.given(call, kind)
    with call.lab.store.transaction():
        try:
            sdn_objects.find(call, kind, name)
        except Failure as error:
            raise refused("delete", kind, error.reason) from error
        used()
        sdn_objects.forget(call, kind, name)
    return None


@CALLS.delete(f"{SDN}/zones/{{zone}}", allow=_ALLOCATE, parameters=_ZONE_ID | LOCK)
def delete_zone(call: Call) -> Json:
    """Take a zone away that no virtual network uses."""
    name = call.text("zone")

    def used() -> None:
        for vnet, document in sdn_objects.written(call, VNET).items():
            if document.get("zone") == name:
                raise refused("delete", ZONE, f"zone {name} is used by vnet {vnet}")

    return delete(call, ZONE, name, used)


@CALLS.get(f"{SDN}/vnets", parameters=VIEW)
def list_vnets(call: Call) -> Json:
    """Return the virtual networks that the caller may see."""
    return [row for row in sdn_objects.rows(call, VNET) if _seen(call, row)]


def require_vnet(call: Call, *privileges: str) -> Document:
    """Return a virtual network as written; raise the 403 of a caller who may not see or change it."""
    name = call.text("vnet")
    found = sdn_objects.written(call, VNET).get(name) or call.lab.store.get("sdn_running", f"vnets/{name}")
    if found is None:
        raise Failure.of(f"sdn vnet '{name}' does not exist")
    call.require_any(f"/sdn/zones/{found.get('zone')}/{name}", *privileges)
    return found


@CALLS.get(f"{SDN}/vnets/{{vnet}}", allow=EVERYONE, parameters=VIEW | VNET_ID)
def read_vnet(call: Call) -> Json:
    """Return a virtual network."""
    require_vnet(call, "SDN.Audit", "SDN.Allocate")
    return sdn_objects.one(call, VNET, call.text("vnet"))


def _checked_vnet(call: Call, doing: str, vnet: Document) -> Document:
    zone = sdn_objects.written(call, ZONE).get(str(vnet["zone"]))
    if zone is None:
        raise refused(doing, VNET, "cannot lookup undefined type!")
    if zone["type"] == "simple" and "tag" in vnet:
        raise wrong(doing, VNET, "tag", "vlan tag is not allowed on simple zone")
    if zone["type"] == "vlan" and "tag" not in vnet:
        raise wrong(doing, VNET, "tag", "missing vlan tag")
    for name, other in sdn_objects.written(call, VNET).items():
        same = name != call.text("vnet") and other.get("zone") == vnet["zone"] and other.get("tag") == vnet.get("tag")
        if same and "tag" in vnet:
            raise wrong(doing, VNET, "tag", f"tag {vnet['tag']} already exist in zone {vnet['zone']} in vnet {name}")
    return vnet


@CALLS.post(f"{SDN}/vnets", allow=_ALLOCATE, parameters={**VNET_ID, "zone": text(), "type": text(optional=True, enum=("vnet",)), **_VNET})
def add_vnet(call: Call) -> Json:
    """Write a virtual network."""
    name = call.text("vnet")
    with call.lab.store.transaction():
        if name in sdn_objects.written(call, VNET):
            raise refused("create", VNET, f"sdn vnet object ID '{name}' already defined")
        sdn_objects.keep(call, VNET, name, _checked_vnet(call, "create", sdn_objects.given(call, VNET) | {"type": "vnet"}))
    return None


@CALLS.put(f"{SDN}/vnets/{{vnet}}", allow=EVERYONE, parameters={**VNET_ID, "zone": text(optional=True), **_VNET, **CHANGE})
def change_vnet(call: Call) -> Json:
    """Change a virtual network."""
    require_vnet(call, "SDN.Allocate")
    with call.lab.store.transaction():
        kept = sdn_objects.find(call, VNET, call.text("vnet"))
        vnet = sdn_objects.changed(call, VNET, kept, sdn_objects.given(call, VNET)) | {"type": "vnet"}
        sdn_objects.keep(call, VNET, call.text("vnet"), _checked_vnet(call, "update", vnet | {"zone": vnet.get("zone", kept["zone"])}))
    return None


@CALLS.delete(f"{SDN}/vnets/{{vnet}}", allow=EVERYONE, parameters=VNET_ID | LOCK)
def delete_vnet(call: Call) -> Json:
    """Take a virtual network away that has no subnets."""
    name = call.text("vnet")
    if name in sdn_objects.written(call, VNET):
        require_vnet(call, "SDN.Allocate")

    def used() -> None:
        if any(subnet.get("vnet") == name for subnet in sdn_objects.written(call, SUBNET).values()):
            raise wrong("delete", VNET, "vnet", "Can't delete vnet if subnets exists")

    return delete(call, VNET, name, used)
