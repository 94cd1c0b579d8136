"""What a killed run of the engine left: a stale lock, and objects whose creation was cut."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from provisioner import command
from provisioner.adapters.proxmox import Session, observe, token_session
from provisioner.adapters.pulumi import stack
from provisioner.adapters.pulumi.resources import Desired
from provisioner.centre import loss
from provisioner.centre.convergence import remembered
from provisioner.errors import ApiError, FindingError, Problem, raise_all
from provisioner.observed.endpoint import Endpoint

log = logging.getLogger(__name__)

_ORPHAN_SECONDS = 300.0
_PAUSE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class _Holder:
    """Who made a lock of the stack."""

    said: str
    elsewhere: bool = False
    pid: int = 0

    def lives(self) -> bool:
        """Return whether it may still be at work: on another machine nobody can tell from here."""
        comm = Path(f"/proc/{self.pid}/comm")
        try:
            return self.elsewhere or comm.read_text().startswith("pulumi")
        except OSError:
            return False


def _holder(lock: Path) -> _Holder:
    try:
        holder = json.loads(lock.read_text())
    except (OSError, ValueError):
        return _Holder("an unreadable lock")
    pid, host = int(holder.get("pid", 0)), str(holder.get("hostname", ""))
    said = f"process {pid} of {holder.get('username', '?')} on {host} since {holder.get('timestamp', '?')}"
    return _Holder(said, elsewhere=host != socket.gethostname(), pid=pid)


def release_stale_lock(site: str, endpoint: Endpoint, engine: stack.Engine, tell: Callable[[str], None]) -> str:
    """Release the stack's lock once its holder is dead; return what was done, empty if nothing was locked.

    The caller holds the site's lock: an engine that still works here has lost its own run (killed), or was called by
    hand. It is left to finish what it does. Raises FindingError if it does not end, or is on another machine.
    """
    for lock in stack.locks(site):
        holder = _holder(lock)
        deadline = monotonic() + (0 if holder.elsewhere else _ORPHAN_SECONDS)
        if holder.lives() and not holder.elsewhere:
            tell(f"{site}: an engine is still at work without its run; waiting for {holder.said}")
        while holder.lives():
            if monotonic() > deadline:
                raise FindingError(
                    Problem(
                        where=f"stack {site}",
                        what=f"it is locked by {holder.said}",
                        hint="wait for that run, or end it; on another machine: `pulumi cancel` there",
                    )
                )
            command.pause(_PAUSE_SECONDS)
        if not lock.exists():  # it ended well and took its lock away
            continue
        stack.run(site, "cancel", endpoint, engine, lambda _event: None)
        return f"released the lock of a dead run ({holder.said})"
    return ""


def clear_cut_creations(desired: Desired, endpoint: Endpoint, engine: stack.Engine, lose: Collection[str] = ()) -> str:
    """Remove objects whose creation was cut, so that they are created again whole; return what was done.

    Only objects that a killed run was creating, that its state names as pending, and that carry our identity are
    removed. Raises FindingError if such a guest was converged since, and may be in service, unless `lose` names it.
    """
    site = desired.plan.site
    cut = stack.pending(site)
    if not cut:
        return ""
    used = [one.name for one in cut if one.name in remembered(site) and one.name not in lose]
    what = "its creation was cut, but it was converged since and may hold records: it would be removed and made anew"
    raise_all(FindingError, (loss.problem(site, name, what) for name in used))
    session = token_session(endpoint)
    for one in cut:
        log.info("%s: creation of %s %s was cut", desired.plan.site, one.type, one.name)
        _remove(session, desired, one)
    stack.run(desired.plan.site, "refresh", endpoint, engine, lambda _event: None)
    return f"cleared {len(cut)} cut creations"


def _remove(session: Session, desired: Desired, cut: stack.Pending) -> None:
    plan, kind = desired.plan, cut.type.rsplit(":", 1)[-1]
    node = f"/nodes/{plan.node}"
    match kind:
        case "VmLegacy":
            _remove_guest(session, desired, cut.name)
        case "FileLegacy":
            volume = f"{plan.datastore}:import/{desired.image.name}"
            if any(row.get("volid") == volume for row in session.rows(f"{node}/storage/{plan.datastore}/content")):
                session.wait(plan.node, session.delete(f"{node}/storage/{plan.datastore}/content/{volume}"))
        case "PoolLegacy":
            if any(row.get("poolid") == plan.pool for row in session.rows("/pools")):
                session.delete("/pools", poolid=plan.pool)
        case "RulesLegacy":
            vmid = next(guest.vmid for guest in plan.guests if guest.name == cut.name)
            for _rule in session.rows(f"{node}/qemu/{vmid}/firewall/rules"):
                session.delete(f"{node}/qemu/{vmid}/firewall/rules/0")
        case _:
            return


def _remove_guest(session: Session, desired: Desired, name: str) -> None:
    guest = next((guest for guest in desired.plan.guests if guest.name == name), None)
    if guest is None:
        return
    for seen in observe.guests(session, [guest.vmid]):
        if seen.uuid != guest.uuid:
            return
        path = f"/nodes/{seen.node}/qemu/{seen.vmid}"
        try:
            session.wait(seen.node, session.post(f"{path}/status/stop"))
        except ApiError as error:
            log.info("%s: stop before removal: %s", name, error)
        session.wait(seen.node, session.delete(path, **{"purge": 1, "destroy-unreferenced-disks": 1}))
