"""One database at a time: its dump, and what its tables hold as counts and sums, so that a restored one can be compared.

A dump and the sums beside it are of one snapshot: the service goes on writing meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from provisioner.centre.inside import Inside
from provisioner.errors import FindingError, Problem
from provisioner.plan.plan import Guest, GuestRole, Plan

_LONGEST = timedelta(hours=2)
_AS_POSTGRES = "cd / && sudo -n -u postgres "
_PSQL = _AS_POSTGRES + "psql -XAtq -v ON_ERROR_STOP=1 -f - "
# A sum over the rows needs no memory and no order; tables that an extension brings are the extension's.
_SUMS = r"""
SET datestyle = 'ISO, DMY'; SET timezone = 'UTC'; SET intervalstyle = 'iso_8601'; SET extra_float_digits = 1; SET bytea_output = 'hex';
SELECT format('SELECT %L, count(*), coalesce(sum((''x'' || left(md5(one::text), 15))::bit(60)::bigint), 0) FROM %s AS one',
              table_oid, table_oid)
  FROM (SELECT pg_class.oid::regclass AS table_oid FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
         WHERE relkind = 'r' AND nspname NOT IN ('pg_catalog', 'information_schema')
           AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')) AS own
 ORDER BY table_oid::text
\gexec
"""
_DUMP = r"""
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_export_snapshot() AS snapshot \gset
\setenv SNAPSHOT :snapshot
\o |cat 1>&2
{sums}
\o
\! pg_dump --format=custom --snapshot="$SNAPSHOT" {name}
\if :SHELL_ERROR
SELECT 'pg_dump failed'::int;
\endif
COMMIT;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a table holds: how many rows, and the sum of their hashes."""

    rows: int
    sum: int


Tables = Mapping[str, Table]


def database_guest(plan: Plan) -> Guest:
    """Return the site's database guest; raise FindingError if it has none."""
    found = next((guest for guest in plan.guests if guest.role is GuestRole.DATABASE), None)
    if found is None:
        raise FindingError(Problem(where=plan.site, what="it has no database", hint="only centres with services keep records"))
    return found


def dump(inside: Inside, name: str, file: Path) -> Tables:
    """Write a database's dump to `file`, mode 0600, and return what it holds."""
    script = _DUMP.format(sums=_SUMS, name=name)
    return _tables(inside.save(database_guest(inside.plan), f"{_PSQL} -d {name}", script, file, _LONGEST))


def tables(inside: Inside, name: str) -> Tables:
    """Return what a database holds now."""
    return _tables(inside.run(database_guest(inside.plan), f"{_PSQL} -d {name}", _SUMS, _LONGEST))


def _tables(text: str) -> Tables:
    rows = [line.split("|") for line in text.splitlines() if line.count("|") == 2]  # noqa: PLR2004  name, rows, sum
    return {name: Table(rows=int(count), sum=int(total)) for name, count, total in rows}


def replace(inside: Inside, name: str, file: Path) -> None:
    """Put a dump in the place of what a database holds, in one transaction: all of it or nothing."""
    program = "env PGOPTIONS='-c lock_timeout=60s' pg_restore --clean --if-exists --single-transaction --exit-on-error"
    inside.load(database_guest(inside.plan), f"{_AS_POSTGRES}{program} --dbname={name}", file, _LONGEST)


def try_out(inside: Inside, name: str, file: Path) -> Tables:
    """Restore a dump into a database of its own, return what it holds, and drop it. The service's own is not touched."""
    guest, scratch = database_guest(inside.plan), f"drill_{name}"
    drop = f"{_AS_POSTGRES}dropdb --if-exists --force {scratch}"
    inside.run(guest, f"{drop} && sudo -n -u postgres createdb --template=template0 {scratch}")
    try:
        inside.load(guest, f"{_AS_POSTGRES}pg_restore --exit-on-error --dbname={scratch}", file, _LONGEST)
        return tables(inside, scratch)
    finally:
        inside.attempt(guest, drop)


def version(inside: Inside) -> str:
    """Return the version of PostgreSQL in the database guest."""
    return inside.run(database_guest(inside.plan), "pg_dump --version").strip()
