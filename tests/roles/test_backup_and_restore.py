"""Backup, drill and restore of real records in a real database, while its service runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from provisioner import places
from provisioner.adapters.ansible import HostResult
from provisioner.centre.backup import MANIFEST, read, take
from provisioner.centre.backup_dumps import database_guest
from provisioner.centre.journal import Journal
from provisioner.centre.restore import put_back, try_out
from provisioner.errors import FindingError, OutsideError
from tests.roles.conftest import SERVICE, Bench

pytestmark = pytest.mark.roles


def _psql(bench: Bench, database: str, text: str) -> str:
    return bench.way().run(database_guest(bench.centre), f'cd / && sudo -u postgres psql -XAtqc "{text}" {database}').strip()


def test_records_are_backed_up_tried_out_lost_and_restored(bench: Bench, converged: Mapping[str, HostResult], tmp_path: Path) -> None:
    told: list[str] = []
    journal, way = Journal("kedougou", "test", told.append), bench.way()
    for payer in ("essai Cissé", "essai N'Diaye"):
        bench.record(payer)
    payers = bench.payers()

    made = take(way, journal, tmp_path)
    manifest = read(made)
    assert try_out(way, manifest, made, journal) == manifest.dumps[0].rows >= 2
    assert _psql(bench, "postgres", "SELECT count(*) FROM pg_database WHERE datname LIKE 'drill%'") == "0"

    _psql(bench, SERVICE, "DELETE FROM fiches")
    bench.record("essai plus tard")
    count, before = put_back(way, manifest, made, journal)

    assert count == manifest.dumps[0].rows
    assert bench.payers() == payers
    assert read(before).dumps[0].tables["fiches"].rows == 1  # what was there is kept
    assert bench.inside(bench.centre, SERVICE, f"systemctl is-active {SERVICE}").stdout.strip() == "active"
    assert {file.stat().st_mode & 0o777 for file in made.iterdir()} == {0o600}
    assert made.stat().st_mode & 0o777 == 0o700
    assert not list(tmp_path.glob(".partial-*"))


def test_a_backup_that_was_changed_is_refused_and_one_that_says_otherwise_is_told(
    bench: Bench, converged: Mapping[str, HostResult], tmp_path: Path
) -> None:
    journal, way = Journal("kedougou", "test", lambda _line: None), bench.way()
    bench.record("essai Sow")
    made = take(way, journal, tmp_path)
    said = json.loads((made / MANIFEST).read_text())

    said["dumps"][0]["tables"]["fiches"]["rows"] += 1
    places.write(made / MANIFEST, json.dumps(said))
    with pytest.raises(FindingError, match=rf"{SERVICE}\.fiches: the backup says \d+ records .*, the restored one has \d+ records"):
        try_out(way, read(made), made, journal)

    with (made / f"{SERVICE}.dump").open("ab") as dump:
        dump.write(b"x")
    with pytest.raises(FindingError, match="its SHA-256 is"):
        read(made)


def test_a_dump_that_fails_leaves_no_backup(bench: Bench, converged: Mapping[str, HostResult], tmp_path: Path) -> None:
    way, journal = bench.way(), Journal("kedougou", "test", lambda _line: None)
    bench.inside(bench.centre, "database", "sudo mv /usr/bin/pg_dump /usr/bin/pg_dump.away")
    try:
        with pytest.raises(OutsideError, match="kedougou/database: `cd / && sudo` ended with"):
            take(way, journal, tmp_path)
    finally:
        bench.inside(bench.centre, "database", "sudo mv /usr/bin/pg_dump.away /usr/bin/pg_dump")

    assert [file for file in tmp_path.iterdir() if not file.name.startswith(".partial-")] == []
    assert read(take(way, journal, tmp_path)).dumps[0].rows == int(_psql(bench, SERVICE, "SELECT count(*) FROM fiches"))
