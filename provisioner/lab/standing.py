"""What of the lab stands now: the API, sites, guests, uplinks and faults; read from the kernel and the API's store, never remembered."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from provisioner import places
from provisioner.errors import FindingError, Problem
from provisioner.lab import access, rehearsal, wires
from provisioner.lab.fault import Fault, faults, frozen
from provisioner.lab.guests.chosen import ChosenDriver
from provisioner.lab.guests.driver import Power
from provisioner.lab.proxmox import guest_store
from provisioner.lab.proxmox.installer import database
from provisioner.lab.proxmox.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A guest of the lab. `memory` in bytes, `uptime` in seconds; `state`: running, stopped or frozen."""

    vmid: int
    name: str  # site-guest, as the API knows it; empty: the API knows no such guest
    node: str
    driver: str
    state: str
    uptime: int
    memory: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The lab at one moment."""

    prefix: str
    pid: int | None  # of the API; None: it does not run
    port: int | None
    page: str | None  # address of the web page
    sites: tuple[str, ...]
    guests: tuple[Guest, ...]
    faults: tuple[Fault, ...]
    namespaces: tuple[str, ...]


def _stored() -> dict[int, tuple[str, str]]:
    """Return name and node of the API's guests by VMID."""
    if not database(access.root()).exists():
        return {}
    store = Store(database(access.root()))
    try:
        return {one.vmid: (str(one.config.get("name", "")), one.node) for one in guest_store.every(store)}
    finally:
        store.close()


def _guest(driver: ChosenDriver, vmid: int, name: str, node: str) -> Guest:
    seen = driver.status(node, vmid)
    running = seen.power is Power.RUNNING
    return Guest(
        vmid=vmid,
        name=name,
        node=node,
        driver=driver.kind(node, vmid).value,
        state="frozen" if running and frozen(driver, node, vmid) else seen.power.value,
        uptime=seen.uptime,
        memory=seen.memory,
    )


def guests() -> tuple[Guest, ...]:
    """Return every guest that the API or a driver knows, by VMID."""
    driver, stored = ChosenDriver(places.lab()), _stored()
    return tuple(_guest(driver, vmid, *stored.get(vmid, ("", ""))) for vmid in sorted({*stored, *driver.known()}))


def find(words: str) -> Guest:
    """Return the guest that `words` name: a VMID, site/guest, or the API's own name; raise FindingError if there is none."""
    known = guests()
    wanted = words.replace("/", "-")
    for one in known:
        if words in (str(one.vmid), one.name) or one.name == wanted:
            return one
    names = ", ".join(one.name or str(one.vmid) for one in known) or "the lab holds no guest"
    raise FindingError(Problem(where=words, what="no guest of the lab has this name or VMID", hint=names))


def now() -> Standing:
    """Look at everything."""
    return Standing(
        prefix=wires.prefix(),
        pid=access.api(),
        port=access.port(),
        page=access.page(),
        sites=tuple(sorted(path.stem for path in rehearsal.folder().glob("*.json"))),
        guests=guests(),
        faults=faults(),
        namespaces=wires.every(),
    )


def as_json(standing: Standing) -> dict[str, object]:
    """Return it as data."""
    return {"api": {"pid": standing.pid, "port": standing.port}} | asdict(standing)
