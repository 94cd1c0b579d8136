"""`restore`: put a backup's records back, or try it out beside what is there; both compare every table with the backup."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from provisioner.centre import backup_dumps, inside
from provisioner.centre.backup import Dump, Manifest, folder, read, take
from provisioner.centre.backup_dumps import Tables
from provisioner.centre.desired import plan
from provisioner.centre.health import wait_until_well
from provisioner.centre.inside import Inside
from provisioner.centre.journal import Journal
from provisioner.centre.lock import site_lock
from provisioner.errors import FindingError, OutsideError, Problem, raise_all
from provisioner.plan.plan import GuestRole

_UNIT_SECONDS = timedelta(seconds=90)
_WELL_SECONDS = 120.0


def drill(site: str, at: Path, tell: Callable[[str], None]) -> int:
    """Restore each dump into a database of its own, compare it with the backup, drop it; return how many records that were."""
    wanted, manifest = plan(site), read(at)
    with site_lock(site):
        return try_out(inside.of(wanted), manifest, at, Journal(site, "restore drill", tell))


def try_out(way: Inside, manifest: Manifest, at: Path, journal: Journal) -> int:
    """Do what `drill` does; raise FindingError with every table that differs. The caller holds the site's lock."""
    problems: list[Problem] = []
    for one in manifest.dumps:
        with journal.step(f"try {one.database} out") as notes:
            problems += differences(one, backup_dumps.try_out(way, one.database, at / one.file))
            notes.append(f"{one.rows} records")
    raise_all(FindingError, problems)
    return sum(one.rows for one in manifest.dumps)


def restore(site: str, at: Path, tell: Callable[[str], None]) -> tuple[int, Path]:
    """Put a backup's records in the place of what is there; return how many, and where what was there is kept.

    Each database is replaced in one transaction while its service stands still. A cut run is repeated whole.
    """
    wanted, manifest = plan(site), read(at)
    if manifest.site != site:
        hint = "a backup is restored to its own site"
        raise FindingError(Problem(where=str(at), what=f"it is a backup of {manifest.site}, not of {site}", hint=hint))
    with site_lock(site):
        return put_back(inside.of(wanted), manifest, at, Journal(site, "restore", tell))


def put_back(way: Inside, manifest: Manifest, at: Path, journal: Journal) -> tuple[int, Path]:
    """Do what `restore` does. The caller holds the site's lock."""
    _refuse_unknown(way, manifest, at)
    problems: list[Problem] = []
    with ExitStack() as still:
        for one in manifest.dumps:  # all stand still before anything is kept: nothing is written between the two
            still.enter_context(_standing_still(way, one.service))
        with journal.step("keep what is there"):
            before = take(way, journal, folder(way.plan.site))
        for one in manifest.dumps:
            with journal.step(f"restore {one.database}") as notes:
                backup_dumps.replace(way, one.database, at / one.file)
                problems += differences(one, backup_dumps.tables(way, one.database))
                notes.append(f"{one.rows} records")
    raise_all(FindingError, problems)
    return sum(one.rows for one in manifest.dumps), before


def _refuse_unknown(way: Inside, manifest: Manifest, at: Path) -> None:
    known = {service.database for service in way.plan.services}
    hint = "add its service to the site's file and run `teranga up`, or restore into the site it came from"
    gone = [one.database for one in manifest.dumps if one.database not in known]
    raise_all(FindingError, (Problem(where=str(at), what=f"{way.plan.site} has no database {name}", hint=hint) for name in gone))


def differences(one: Dump, found: Tables) -> list[Problem]:
    """Return each table that is not what the backup says."""
    problems = []
    for name in sorted({*one.tables, *found}):
        wanted, seen = one.tables.get(name), found.get(name)
        if wanted != seen:
            what = f"the backup says {_words(wanted)}, the restored one has {_words(seen)}" if wanted and seen else _absent(seen is None)
            problems.append(Problem(where=f"{one.database}.{name}", what=what, hint="the backup is not good: take and try another"))
    return problems


def _words(table: backup_dumps.Table) -> str:
    return f"{table.rows} records (sum {table.sum})"


def _absent(restored: bool) -> str:
    return "the table was not restored" if restored else "the backup has no such table"


@contextmanager
def _standing_still(way: Inside, service: str) -> Iterator[None]:
    """Stop a service for the time of a block; it runs again whatever comes. A map server only reads: it waits by itself."""
    guest = next(guest for guest in way.plan.guests for one in way.plan.services if one.name == service and guest.name == one.guest)
    if guest.role is not GuestRole.SERVICE:
        yield
        return
    unit = f"{guest.name}.service"
    way.run(guest, f"sudo -n systemctl stop {unit}", timeout=_UNIT_SECONDS)
    try:
        yield
    finally:
        started = way.attempt(guest, f"sudo -n systemctl start {unit}", timeout=_UNIT_SECONDS)
        if started.status != 0:
            hint = f"run `teranga converge {way.plan.site} --full`"
            raise OutsideError(Problem(where=f"{way.plan.site}/{guest.name}", what=f"{unit} does not start again", hint=hint))
    wait_until_well(way, guest, _WELL_SECONDS)
