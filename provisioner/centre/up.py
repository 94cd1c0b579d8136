"""`up`: infrastructure, wait, converge. Each step may be cut; the next run goes on, and one with nothing to do changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from provisioner import places
from provisioner.adapters.pulumi import stack
from provisioner.centre import adopted, applied, infrastructure, peers, wait
from provisioner.centre.convergence import converge
from provisioner.centre.desired import plan
from provisioner.centre.journal import Journal
from provisioner.centre.lock import site_lock
from provisioner.errors import FindingError, Problem
from provisioner.plan import to_json
from provisioner.plan.plan import GuestRole, Plan, SiteKind

_BOOT_SECONDS = 600.0
HUB_PATIENCE = 900.0  # seconds: several centres may tell a hub their keys at once

Tell = Callable[[str], None]


def _at_once() -> None:
    """Guard nothing, wait for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How a site is stood up.

    full        converge every guest, also the unchanged
    lose        guests whose disks may be lost: deleted, replaced, or made anew
    patience    seconds to wait for another run on this site to end
    guard       raises where the run must not be: called before anything changes, when no other run can
    hubs_stand  returns once the site's hubs have their keys: called when the site's own guests run
    """

    full: bool = False
    lose: Collection[str] = ()
    patience: float = 0.0
    guard: Callable[[], object] = _at_once
    hubs_stand: Callable[[], object] = _at_once


DEFAULT = How()


def up(site: str, tell: Tell, how: How = DEFAULT) -> int:
    """Make the site what its plan says; return how many changes were made in all."""
    wanted = plan(site)
    hubs = {hub: plan(hub) for hub in wanted.hubs} if wanted.kind is not SiteKind.HUB else {}
    journal = Journal(site, "up", tell)
    with site_lock(site, how.patience):
        how.guard()
        _write_plan(wanted)
        with journal.step("infrastructure") as notes:
            changes, mended = infrastructure.apply(site, "up", tell, how.lose)
            count = infrastructure.changed(changes)
            notes += [f"{count} changes", *([mended] if mended else [])]
        with journal.step("wait for guests"):
            wait.for_guests(wanted, _BOOT_SECONDS, tell)
        if hubs:
            with journal.step("wait for the hubs"):
                how.hubs_stand()
        total = count + _converge(wanted, hubs, journal, full=how.full)
        applied.keep(wanted)
        return total


def only_converge(site: str, tell: Tell, *, full: bool = False) -> int:
    """Converge the guests of a site that stands; return how many tasks changed something."""
    wanted = plan(site)
    hubs = {hub: plan(hub) for hub in wanted.hubs} if wanted.kind is not SiteKind.HUB else {}
    journal = Journal(site, "converge", tell)
    with site_lock(site):
        if stack.pending(site):
            raise FindingError(
                Problem(where=site, what="an `up` was cut while it made guests", hint=f"finish it first: `teranga up {site}`")
            )
        with journal.step("wait for guests"):
            wait.for_guests(wanted, _BOOT_SECONDS, tell)
        return _converge(wanted, hubs, journal, full=full)


def _write_plan(wanted: Plan) -> None:
    places.write(places.site(wanted.site).root / "plan.json", to_json(wanted))


def _converge(wanted: Plan, hubs: Mapping[str, Plan], journal: Journal, *, full: bool) -> int:
    """Converge the gateway, exchange the tunnels' public keys with the hubs, converge the rest."""
    gateways = [guest for guest in wanted.guests if guest.role is GuestRole.GATEWAY]
    others = [guest for guest in wanted.guests if guest.role is not GuestRole.GATEWAY]
    if hubs:
        with journal.step("read the hubs' keys"):
            peers.remember(wanted.site, peers.of_hubs(wanted, hubs))
    with journal.step("converge the gateway") as notes:
        done = converge(wanted, gateways, journal.tell, full=full)
        notes.append(str(done))
    total = done.changed
    with ThreadPoolExecutor(max_workers=len(hubs) + 1) as pool:  # the guests need the gateway, not the tunnels
        telling = [pool.submit(_tell_hub, wanted, hub, journal) for hub in hubs.values()]
        if others:
            with journal.step("converge the guests") as notes:
                done = converge(wanted, others, journal.tell, full=full)
                notes.append(str(done))
            total += done.changed
    for told in telling:
        told.result()
    return total


def _tell_hub(wanted: Plan, hub: Plan, journal: Journal) -> None:
    """Give the hub this centre's public keys, and converge its gateway if they are new to it."""
    with journal.step(f"tell {hub.site}") as notes, site_lock(hub.site, HUB_PATIENCE):
        keys = {tunnel.id: peers.public_key(wanted, tunnel.interface) for tunnel in wanted.tunnels if tunnel.hub == hub.site}
        peers.remember(hub.site, keys)
        notes.append(str(converge(hub, [guest for guest in hub.guests if guest.role is GuestRole.GATEWAY], journal.tell)))


def preview(site: str, tell: Tell) -> int:
    """Tell what `up` would change on the node; return how many resources that is."""
    with site_lock(site):
        changes, _mended = infrastructure.apply(site, "preview", tell)
    return infrastructure.changed(changes)


def destroy(site: str, tell: Tell) -> int:
    """Remove the site's guests, image and pool from its node, and its tunnels from the hubs; return how many resources went."""
    wanted = plan(site)
    journal = Journal(site, "destroy", tell)
    with site_lock(site):
        with journal.step("destroy") as notes:
            count = infrastructure.changed(infrastructure.remove(site, tell))
            notes.append(f"{count} resources")
        applied.forget(site)
        for name in ("converged.json", "peers.json", adopted.FILE):
            (places.site(site).observed / name).unlink(missing_ok=True)
        places.site(site).known_hosts.unlink(missing_ok=True)
        for hub in wanted.hubs if wanted.kind is not SiteKind.HUB else ():
            with site_lock(hub, HUB_PATIENCE):
                peers.remember(hub, {}, [tunnel.id for tunnel in wanted.tunnels if tunnel.hub == hub])
    return count
