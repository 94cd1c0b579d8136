"""Faults on purpose: of an uplink, of a guest, of a node's API; each can be listed and cleared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from provisioner import places
from provisioner.errors import FindingError, Problem
from provisioner.lab import access, fault_link, rehearsal
from provisioner.lab.fault_link import Shape, Uplink
from provisioner.lab.guests.chosen import ChosenDriver, Kind
from provisioner.lab.guests.driver import blank
from provisioner.lab.proxmox import trouble
from provisioner.lab.proxmox.trouble import EVERY_NODE, Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault in force: of what kind (link, guest, node), of what, and in words."""

    kind: str
    subject: str
    what: str


def node_of(site: str) -> str:
    """Return the node of a site of the lab; `all` stays `all`."""
    return EVERY_NODE if site == EVERY_NODE else rehearsal.node(site)


def uplinks_of(site: str, vlan: int | None = None) -> tuple[Uplink, ...]:
    """Return the uplinks of a site, all or the one of a VLAN; raise FindingError if there is none."""
    found = tuple(one for one in fault_link.uplinks(rehearsal.node(site)) if vlan in (None, one.vlan))
    if not found:
        which = "no uplink" if vlan is None else f"no uplink on VLAN {vlan}"
        raise FindingError(Problem(where=site, what=f"it has {which} in the lab", hint=f"run `teranga lab up {site}`"))
    return found


def link(site: str, wanted: Shape | None, vlan: int | None = None) -> tuple[Uplink, ...]:
    """Put a fault on a site's uplinks in force, or clear it with None; return the uplinks."""
    found = uplinks_of(site, vlan)
    for one in found:
        fault_link.clear(one) if wanted is None else fault_link.make(one, wanted)
    return found


def kill(node: str, vmid: int) -> None:
    """Cut a guest's power behind the API's back."""
    ChosenDriver(places.lab()).stop(blank(vmid, node))


def freeze(node: str, vmid: int, *, wanted: bool) -> None:
    """Halt a guest, or let it go on; raise FindingError where nothing runs that could be halted."""
    driver = ChosenDriver(places.lab())
    match driver.kind(node, vmid):
        case Kind.NSPAWN:
            driver.nspawn.freeze(vmid, frozen=wanted)
        case Kind.QEMU:
            driver.qemu.freeze(vmid, frozen=wanted)
        case Kind.RECORD:
            raise FindingError(
                Problem(where=str(vmid), what="a recorded guest has nothing to freeze", hint="kill it, or trouble its node's API")
            )


def frozen(driver: ChosenDriver, node: str, vmid: int) -> bool:
    """Return whether a guest is halted."""
    match driver.kind(node, vmid):
        case Kind.NSPAWN:
            return driver.nspawn.frozen(vmid)
        case Kind.QEMU:
            return driver.qemu.frozen(vmid)
        case Kind.RECORD:
            return False


def node(site: str, wanted: Trouble | None) -> str:
    """Trouble the API of a site's node (`all`: every call), or clear it with None; return the node's name."""
    name = node_of(site)
    trouble.make(access.root(), name, wanted)
    return name


def in_words(made: Trouble) -> str:
    """Return a node's trouble in words."""
    late = f"answers {made.delay:g} s late" if made.delay else ""
    wrong = f"answers {made.status}" if made.status else ""
    count = f" ({made.left} more times)" if made.left is not None else ""
    return " and ".join(filter(None, (late, wrong))) + count


def faults() -> tuple[Fault, ...]:
    """Return the faults of links and nodes that are in force; frozen guests show themselves in the list of guests."""
    found = []
    for site in sorted(path.stem for path in Path(rehearsal.folder()).glob("*.json")):
        for one in fault_link.uplinks(rehearsal.node(site)):
            ailing = fault_link.shape(one)
            if ailing is not None:
                found.append(Fault(kind="link", subject=f"{site} VLAN {one.vlan}", what=str(ailing)))
    found += [Fault(kind="node", subject=name, what=in_words(made)) for name, made in sorted(trouble.read(access.root()).items())]
    return tuple(found)
