"""Every file of the inventory fits its schema; what the loader refuses by its shape the schema refuses too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types

from provisioner.cli import schema as verb
from provisioner.cli.main import main
from provisioner.load.document import Document
from provisioner.places import CHECKOUT
from provisioner.render.schema import KINDS, FileKind, schema, settings

INVENTORY = CHECKOUT / "inventory"
BAD = CHECKOUT / "tests" / "golden" / "inventory" / "bad"
VALIDATORS = {kind.name: Draft202012Validator(schema(kind)) for kind in KINDS}


def _kind(file: Path) -> FileKind:
    return next(kind for kind in KINDS if any(file.match(pattern) for pattern in kind.files))


def _files() -> list[Path]:
    return sorted(file for kind in KINDS for pattern in kind.files for file in INVENTORY.glob(pattern))


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_each_schema_is_one(kind: FileKind) -> None:
    Draft202012Validator.check_schema(schema(kind))


@pytest.mark.parametrize("file", _files(), ids=[str(file.relative_to(INVENTORY)) for file in _files()])
def test_every_file_of_the_inventory_fits_its_schema(file: Path) -> None:
    value = Document(file, file.name).value

    assert [error.message for error in VALIDATORS[_kind(file).name].iter_errors(value)] == []


@pytest.mark.parametrize(
    "case",
    [
        "misspelt-key",
        "missing-keys",
        "number-for-mac",
        "quoted-slot",
        "negative-slot",
        "port-out-of-range",
        "prefix-with-host-bits",
        "vlan-out-of-range",
        "empty-value",
        "name-in-the-file",
        "misspelt-key-inside-a-list",
        "no-for-false",
        "decimal-for-text",
    ],
)
def test_what_is_wrong_by_its_shape_is_marked_in_the_editor(case: str) -> None:
    found = []
    for file in sorted((BAD / case / "inventory").rglob("*.yml")):
        value = Document(file, file.name).value
        found += [error.message for error in VALIDATORS[_kind(file).name].iter_errors(value)]

    assert found or case == "prefix-with-host-bits"  # arithmetic is the loader's


def test_a_schema_shows_no_key_that_the_files_place_decides() -> None:
    site = schema(next(kind for kind in KINDS if kind.name == "site"))

    assert isinstance(site["properties"], dict)
    assert {"name", "kind"}.isdisjoint(site["properties"])
    assert site["additionalProperties"] is False


def test_no_schema_offers_null() -> None:
    assert all('"null"' not in json.dumps(schema(kind)) for kind in KINDS)


def test_the_verb_knows_every_kind() -> None:
    assert tuple(kind.name for kind in KINDS) == verb._KINDS  # noqa: SLF001  written out so that --help need not load the models


def test_the_verb_prints_one_schema_or_writes_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "site"]) == 0
    assert json.loads(capsys.readouterr().out)["$id"] == "teranga:site"
    assert main(["schema", "--write", str(tmp_path)]) == 0

    assert json.loads(capsys.readouterr().out) == settings(str(tmp_path))
    assert len(list(tmp_path.glob("*.schema.json"))) == len(KINDS)
