"""Runs the backup jobs at their times."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime

from provisioner.lab.proxmox import backup_jobs, guest_store
from provisioner.lab.proxmox.access import ROOT, Identity, Rights
from provisioner.lab.proxmox.backup_calls import SETTINGS, vzdump
from provisioner.lab.proxmox.calls import Call, Lab
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.values import Document, Value, split_list

log = logging.getLogger(__name__)
_LOOK_SECONDS = 10.0


class BackupSchedule:
    """Looks every few seconds whether a job is due."""

    def __init__(self, lab: Lab) -> None:
        """Begin from now: what was due before is not made up for."""
        self._lab = lab
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="backup-jobs", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        last = datetime.now(tz=UTC)
        while not self._ended.wait(_LOOK_SECONDS):
            now = datetime.now(tz=UTC)
            run_due(self._lab, last, now)
            last = now


def run_due(lab: Lab, last: datetime, now: datetime) -> tuple[str, ...]:
    """Start the jobs whose time lies after `last` and not after `now`; return the tasks' ids."""
    begun: list[str] = []
    for name, job in backup_jobs.every(lab.store):
        due = backup_jobs.next_run(job, last) if job.get("enabled") else None
        if due is not None and due <= now:
            for node in _nodes(lab, job):
                try:
                    begun.append(_run(lab, node, job))
                except Failure as error:
                    log.warning("backup job %s on %s: %s", name, node, error.reason)
    return tuple(begun)


def _nodes(lab: Lab, job: Document) -> tuple[str, ...]:
    """Return the nodes on which guests of a job lie."""
    wanted = set(split_list(str(job.get("vmid", ""))))
    found = {guest.node for guest in guest_store.every(lab.store) if not wanted or str(guest.vmid) in wanted}
    return tuple(sorted(node for node in found if job.get("node", node) == node))


def _run(lab: Lab, node: str, job: Document) -> str:
    who = Identity(user=ROOT)
    given: dict[str, Value] = {key: value for key, value in job.items() if key in SETTINGS and isinstance(value, str | int | float)}
    if "vmid" in given:
        here = {str(guest.vmid) for guest in guest_store.every(lab.store) if guest.node == node}
        given["vmid"] = ",".join(vmid for vmid in split_list(str(given["vmid"])) if vmid in here)
    return str(vzdump(Call(lab=lab, who=who, rights=Rights(lab.store, who), parameters=given | {"node": node})))
