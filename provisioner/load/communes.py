"""The list of communes, `communes.csv`: facts from a public gazetteer, see communes.md beside it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from provisioner.errors import Problem
from provisioner.model import Commune

COMMUNES = "communes.csv"
_COLUMNS = ("slug", "commune", "departement", "region", "pole", "latitude", "longitude", "position_of")


def read_communes(file: Path) -> tuple[dict[str, Commune], tuple[Problem, ...]]:
    """Return the communes by slug, and the lines that are none; an inventory without a list has no communes."""
    if not file.is_file():
        return {}, ()
    try:
        rows = csv.reader(StringIO(file.read_text(encoding="utf-8")), strict=True)
        read = list(rows)
    except (UnicodeDecodeError, csv.Error) as error:
        return {}, (Problem(where=file.name, what=f"not a list of communes: {error}", hint="comma-separated UTF-8, RFC 4180"),)
    if not read or tuple(read[0]) != _COLUMNS:
        return {}, (Problem(where=f"{file.name}:1", what="the columns are others", hint=f"the first line is {','.join(_COLUMNS)}"),)
    found: dict[str, Commune] = {}
    problems = tuple(_take(found, read[1:]))
    return found, problems


def _commune(row: list[str]) -> Commune:
    slug, name, department, region, pole, latitude, longitude, position_of = row
    return Commune(slug, name, department, region, pole, float(latitude), float(longitude), position_of == "commune")


def _take(found: dict[str, Commune], rows: list[list[str]]) -> Iterator[Problem]:
    for line, row in enumerate(rows, start=2):
        where = f"{COMMUNES}:{line}"
        if len(row) != len(_COLUMNS):
            yield Problem(where=where, what=f"{len(row)} values", hint=f"a line has {len(_COLUMNS)}: {','.join(_COLUMNS)}")
            continue
        try:
            commune = _commune(row)
        except ValueError as error:
            yield Problem(where=where, what=str(error), hint="latitude and longitude are decimal degrees")
            continue
        if commune.slug in found:
            yield Problem(where=where, what=f"commune {commune.slug} is written twice", hint="a slug names one commune")
        found.setdefault(commune.slug, commune)
