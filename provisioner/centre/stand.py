"""The first half of `up`: the site's guests stand and answer; nothing is converged."""

from __future__ import annotations

from collections.abc import Callable

from provisioner.centre import infrastructure, wait
from provisioner.centre.desired import plan
from provisioner.centre.journal import Journal
from provisioner.centre.lock import site_lock

_BOOT_SECONDS = 600.0


def _nothing() -> None:
    """Guard nothing."""


def stand(site: str, tell: Callable[[str], None], guard: Callable[[], object] = _nothing) -> int:
    """Make the site's guests, wait for them, pin their host keys; return how many changes were made.

    `guard` raises where the run must not be: it is called before anything changes, when no other run can.
    """
    wanted, journal = plan(site), Journal(site, "up", tell)
    with site_lock(site):
        guard()
        with journal.step("infrastructure") as notes:
            changes, mended = infrastructure.apply(site, "up", tell)
            count = infrastructure.changed(changes)
            notes += [f"{count} changes", *([mended] if mended else [])]
        with journal.step("wait for guests"):
            wait.for_guests(wanted, _BOOT_SECONDS, tell)
    return count
