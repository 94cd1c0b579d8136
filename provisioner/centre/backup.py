"""`backup`: the databases of a site, dumped over SSH to this machine, each with its checksum and what it holds.

A backup is a folder with mode 0700: a dump a database (mode 0600) and `manifest.json`, written last; a cut one has no name yet.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path

from provisioner import places
from provisioner.centre import backup_dumps, inside
from provisioner.centre.backup_dumps import Table
from provisioner.centre.desired import plan
from provisioner.centre.inside import Inside
from provisioner.centre.journal import Journal
from provisioner.centre.lock import site_lock
from provisioner.errors import FindingError, Problem, raise_all

MANIFEST = "manifest.json"
_PARTIAL = ".partial-"
_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """One database of a backup."""

    database: str
    service: str
    file: str  # in the backup's folder
    bytes: int
    sha256: str
    tables: Mapping[str, Table]

    @property
    def rows(self) -> int:
        """Return how many records it holds."""
        return sum(table.rows for table in self.tables.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup is of, and what is in it."""

    site: str
    at: str  # ISO 8601, UTC
    plan: str  # its hash
    version: str  # of the program that dumped
    dumps: tuple[Dump, ...]


def folder(site: str) -> Path:
    """Return the folder of a site's backups on this machine."""
    return places.site(site).root / "backups"


def backup(site: str, tell: Callable[[str], None], to: Path | None = None) -> Path:
    """Back the site's databases up; return the backup's folder, in `to` or the site's own."""
    wanted = plan(site)
    with site_lock(site):
        return take(inside.of(wanted), Journal(site, "backup", tell), to or folder(site))


def take(way: Inside, journal: Journal, root: Path) -> Path:
    """Dump every database of a site into a new folder below `root`. The caller holds the site's lock."""
    for cut in root.glob(f"{_PARTIAL}*"):
        shutil.rmtree(cut)
    now = datetime.now(UTC)
    partial = root / f"{_PARTIAL}{now:%Y%m%dT%H%M%S%fZ}"
    partial.mkdir(parents=True, mode=0o700)
    dumps = []
    for service in way.plan.services:
        if service.database:
            with journal.step(f"dump {service.database}") as notes:
                dumps.append(_dump(way, service.name, service.database, partial))
                notes.append(f"{dumps[-1].rows} records, {dumps[-1].bytes} bytes")
    at = now.isoformat(timespec="seconds")
    made = Manifest(site=way.plan.site, at=at, plan=way.plan.hash, version=backup_dumps.version(way), dumps=tuple(dumps))
    places.write(partial / MANIFEST, json.dumps({"format": _FORMAT} | asdict(made), indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return partial.rename(root / partial.name.removeprefix(_PARTIAL))


def _dump(way: Inside, service: str, database: str, into: Path) -> Dump:
    file = into / f"{database}.dump"
    tables = backup_dumps.dump(way, database, file)
    return Dump(database=database, service=service, file=file.name, bytes=file.stat().st_size, sha256=_sha256(file), tables=tables)


def _sha256(file: Path) -> str:
    with file.open("rb") as source:
        return file_digest(source, "sha256").hexdigest()


def read(at: Path) -> Manifest:
    """Return a backup's manifest after every file of it was checked; raise FindingError with all that is wrong."""
    try:
        said = json.loads((at / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        hint = "name the folder of a whole backup: `teranga backup` tells it"
        raise FindingError(Problem(where=str(at / MANIFEST), what=f"no manifest of a backup: {error}", hint=hint)) from error
    dumps = tuple(Dump(**(one | {"tables": {name: Table(**table) for name, table in one["tables"].items()}})) for one in said.pop("dumps"))
    said.pop("format")
    raise_all(FindingError, (problem for one in dumps for problem in _wrong(at, one)))
    return Manifest(**said, dumps=dumps)


def _wrong(at: Path, one: Dump) -> list[Problem]:
    file = at / one.file
    if not file.is_file():
        return [Problem(where=str(file), what="the dump is not there", hint="take another backup")]
    found = _sha256(file)
    if found != one.sha256:
        return [Problem(where=str(file), what=f"its SHA-256 is {found}, the manifest says {one.sha256}", hint="take another backup")]
    return []
