"""Converge a site's guests: only those whose inputs or observed fingerprint differ from the last time, unless all are asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from provisioner import places
from provisioner.adapters import ansible
from provisioner.adapters.proxmox import observe, token_session
from provisioner.centre import peers
from provisioner.centre.desired import endpoint
from provisioner.errors import ApiError
from provisioner.plan.plan import Guest, Plan

_FINGERPRINTED = ("/etc/ssh/ssh_host_ed25519_key.pub", "/etc/nftables.conf", "/etc/machine-id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Converged:
    """What came of it: guests that were converged, and how many tasks changed something."""

    guests: tuple[str, ...]
    skipped: tuple[str, ...]
    changed: int

    def __str__(self) -> str:
        """Return it in words."""
        done = f"{', '.join(self.guests)}: {self.changed} changes" if self.guests else "nothing to do"
        return done + (f"; unchanged: {', '.join(self.skipped)}" if self.skipped and self.guests else "")


def _fingerprint(plan: Plan, guest: Guest) -> str:
    """Return a hash of what identifies the guest and shows that nobody changed its ruleset behind control's back."""
    session, total = token_session(endpoint(plan.site)), hashlib.sha256(str(guest.uuid).encode())
    for path in _FINGERPRINTED:
        try:
            content = observe.read_file(session, plan.node, guest.vmid, path)
        except ApiError as error:
            if "No such file" not in str(error):
                raise
            content = ""
        total.update(f"{path}\0{content}\0".encode())
    return total.hexdigest()


def _fingerprints(plan: Plan, guests: Sequence[Guest]) -> dict[str, str]:
    with ThreadPoolExecutor(max_workers=8) as pool:
        return dict(zip((guest.name for guest in guests), pool.map(lambda guest: _fingerprint(plan, guest), guests), strict=True))


def remembered(site: str) -> dict[str, list[str]]:
    """Return what is known of each guest that was converged: the hashes of its inputs and of its fingerprint."""
    file = places.site(site).observed / "converged.json"
    return dict(json.loads(file.read_text())) if file.exists() else {}


def _remember(site: str, entries: Mapping[str, list[str]]) -> None:
    file = places.site(site).observed / "converged.json"
    places.write(file, json.dumps(remembered(site) | dict(entries), indent=1, sort_keys=True) + "\n")


def converge(plan: Plan, guests: Sequence[Guest], tell: Callable[[str], None], *, full: bool = False) -> Converged:
    """Converge the guests side by side; raise OutsideError with every guest that did not converge."""
    at = places.site(plan.site)
    inventory = ansible.prepare(plan, at, peers=peers.known(plan.site), proxy=endpoint(plan.site).ssh_proxy, now=datetime.now(UTC))
    wanted = {guest.name: ansible.inputs(inventory, guest.name) for guest in guests}
    before, seen = remembered(plan.site), _fingerprints(plan, guests)
    todo = [guest for guest in guests if full or before.get(guest.name) != [wanted[guest.name], seen[guest.name]]]
    skipped = tuple(guest.name for guest in guests if guest not in todo)
    if not todo:
        return Converged(guests=(), skipped=skipped, changed=0)

    def take(event: ansible.Event) -> None:
        if event.outcome in (ansible.Outcome.CHANGED, ansible.Outcome.FAILED, ansible.Outcome.UNREACHABLE):
            tell(f"{plan.site}:   {event.guest}: {event.role}: {event.task}: {event.outcome} {event.message}".rstrip())

    results = ansible.converge(at, inventory, [guest.name for guest in todo], take)
    good = [guest for guest in todo for result in results if result.guest == guest.name and result.converged]
    after = _fingerprints(plan, good)
    _remember(plan.site, {name: [wanted[name], after[name]] for name in after})
    ansible.raise_unconverged(plan.site, results)
    return Converged(guests=tuple(guest.name for guest in todo), skipped=skipped, changed=sum(result.changed for result in results))
