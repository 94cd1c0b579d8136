"""Parts of `up`: the site's guests stand and answer; or the site whole, but for its hubs, where they cannot be reached."""

from __future__ import annotations

from collections.abc import Callable

from provisioner import places
from provisioner.centre import applied, infrastructure, wait
from provisioner.centre.convergence import converge
from provisioner.centre.desired import plan
from provisioner.centre.journal import Journal
from provisioner.centre.lock import site_lock
from provisioner.plan import to_json
from provisioner.plan.plan import GuestRole, Plan

_BOOT_SECONDS = 600.0
Tell = Callable[[str], None]


def _nothing() -> None:
    """Guard nothing."""


def _stand(wanted: Plan, journal: Journal) -> int:
    places.write(places.site(wanted.site).root / "plan.json", to_json(wanted))
    with journal.step("infrastructure") as notes:
        changes, mended = infrastructure.apply(wanted.site, "up", journal.tell)
        count = infrastructure.changed(changes)
        notes += [f"{count} changes", *([mended] if mended else [])]
    with journal.step("wait for guests"):
        wait.for_guests(wanted, _BOOT_SECONDS, journal.tell)
    return count


def stand(site: str, tell: Tell, guard: Callable[[], object] = _nothing) -> int:
    """Make the site's guests, wait for them, pin their host keys; return how many changes were made.

    `guard` raises where the run must not be: it is called before anything changes, when no other run can.
    """
    wanted, journal = plan(site), Journal(site, "up", tell)
    with site_lock(site):
        guard()
        return _stand(wanted, journal)


def without_hubs(site: str, tell: Tell, guard: Callable[[], object] = _nothing) -> int:
    """Do what `up` does on the site's own node and guests, with the hubs' keys that are known; return how many changes were made.

    Tunnels come up once the hubs know the site: `up` from where they can be reached tells them.
    """
    wanted, journal = plan(site), Journal(site, "up", tell)
    with site_lock(site):
        guard()
        total = _stand(wanted, journal)
        gateways = [guest for guest in wanted.guests if guest.role is GuestRole.GATEWAY]
        others = [guest for guest in wanted.guests if guest.role is not GuestRole.GATEWAY]
        for step, guests in (("converge the gateway", gateways), ("converge the guests", others)):
            with journal.step(step) as notes:
                done = converge(wanted, guests, tell)
                notes.append(str(done))
            total += done.changed
        applied.keep(wanted)
    return total
