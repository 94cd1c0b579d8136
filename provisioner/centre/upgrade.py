"""`upgrade`: the Debian packages of a site's guests, in waves: one guest first, a health gate after each guest, the gateway last.

A cut run is started again: a guest with nothing left to upgrade is only looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from provisioner.centre import inside
from provisioner.centre.backup import folder, take
from provisioner.centre.desired import plan
from provisioner.centre.health import wait_until_well
from provisioner.centre.inside import Inside
from provisioner.centre.journal import Journal
from provisioner.centre.lock import site_lock
from provisioner.plan.plan import Guest, GuestRole, Plan

_LONGEST = timedelta(minutes=45)
_WELL_SECONDS = 180.0
_OPTIONS = " ".join(
    f"-o {option}"
    for option in (
        "Acquire::Retries=1",
        "Acquire::http::Timeout=20",
        "Acquire::https::Timeout=20",
        "APT::Update::Error-Mode=any",
        "DPkg::Lock::Timeout=120",
        "Dpkg::Options::=--force-confold",
        "Dpkg::Options::=--force-confdef",
    )
)
_APT = f"sudo -n env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a LC_ALL=C apt-get -q {_OPTIONS}"
_READ = f"sudo -n dpkg --configure -a && {_APT} update && {_APT} --simulate dist-upgrade"  # dpkg first: a run may have been cut
_INSTALLED = re.compile(r"^Inst (\S+) (?:\[(\S+)\] )?\((\S+)", re.MULTILINE)
_LAST = {GuestRole.DATABASE: 2, GuestRole.STORE: 2, GuestRole.CACHE: 2, GuestRole.GATEWAY: 3}
_OTHERS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package that would change. `old` is empty where it is new."""

    name: str
    old: str
    new: str

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.name} {self.old} -> {self.new}" if self.old else f"{self.name} {self.new}"


def waves(of: Plan) -> tuple[tuple[Guest, ...], ...]:
    """Return the guests in waves: one service's guest, the other services, what they stand on, the gateway."""
    ordered = sorted(of.guests, key=lambda guest: (_LAST.get(guest.role, _OTHERS), guest.name))
    canary, rest = ordered[0], ordered[1:]
    steps = sorted({_LAST.get(guest.role, _OTHERS) for guest in rest})
    return ((canary,), *(tuple(guest for guest in rest if _LAST.get(guest.role, _OTHERS) == step) for step in steps))


def pending(way: Inside, guest: Guest) -> tuple[Package, ...]:
    """Return what an upgrade of a guest would change, by its own package sources as they are now."""
    said = way.run(guest, _READ, timeout=_LONGEST)
    return tuple(Package(name=name, old=old, new=new) for name, old, new in _INSTALLED.findall(said))


def upgrade(site: str, tell: Callable[[str], None], *, backup: bool = True) -> int:
    """Upgrade a site's guests; return how many packages changed. A guest that is not well stops it: later waves are not touched."""
    wanted = plan(site)
    with site_lock(site):
        return in_waves(inside.of(wanted), waves(wanted), Journal(site, "upgrade", tell), backup=backup)


def in_waves(way: Inside, ordered: Sequence[Sequence[Guest]], journal: Journal, *, backup: bool) -> int:
    """Do what `upgrade` does. The caller holds the site's lock."""
    with journal.step("see that every guest is well"):
        for guest in (guest for wave in ordered for guest in wave):
            wait_until_well(way, guest, 0)
    if backup and any(service.database for service in way.plan.services):
        take(way, journal, folder(way.plan.site))
    return sum(_upgrade(way, guest, number, journal) for number, wave in enumerate(ordered, 1) for guest in wave)


def _upgrade(way: Inside, guest: Guest, wave: int, journal: Journal) -> int:
    with journal.step(f"wave {wave}: {guest.name}") as notes:
        packages = pending(way, guest)
        if packages:
            way.run(guest, f"{_APT} --yes dist-upgrade", timeout=_LONGEST)
        wait_until_well(way, guest, _WELL_SECONDS)
        notes.append(", ".join(map(str, packages)) or "nothing to upgrade")
        if way.attempt(guest, "test -e /run/reboot-required").status == 0:
            notes.append("its new kernel waits for a restart")
    return len(packages)


def listed(site: str) -> dict[str, tuple[Package, ...]]:
    """Return guest -> what an upgrade would change, in the order of the waves."""
    wanted = plan(site)
    way = inside.of(wanted)
    with site_lock(site):
        return {guest.name: pending(way, guest) for wave in waves(wanted) for guest in wave}
