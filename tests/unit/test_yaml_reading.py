"""YAML is read as a person reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.load.document import Document, scalar


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "yes",
        "on",
        "off",
        "12:34:56",
        "52:54:00:12:34:56",
        "08",
        "0o17",
        "0x1f",
        "1e3",
        "1_000",
        "2027-01-01",
        "+5",
        ".5",
    ],
)
def test_what_yaml_1_1_would_turn_into_something_else_stays_text(text: str) -> None:
    assert scalar(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("-7", -7), ("16", 16), ("1.5", 1.5), ("true", True), ("False", False), ("~", None), ("", None)],
)
def test_the_core_schema_is_read(text: str, value: object) -> None:
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def document(folder: Path, text: str) -> Document:
    path = folder / "site.yml"
    path.write_text(text, encoding="utf-8")
    return Document(path, "site.yml")


def test_quotes_make_text(tmp_path: Path) -> None:
    assert document(tmp_path, "a: '16'\nb: \"true\"\nc: |\n  12\n").value == {"a": "16", "b": "true", "c": "12\n"}


def test_the_place_of_a_value_its_key_and_its_parent_are_known(tmp_path: Path) -> None:
    read = document(tmp_path, "a: 1\nlist:\n  - {n: 1, mac: x}\n  - {n: 2}\n")

    assert read.place(("list", 1, "n")) == "site.yml:4:9"
    assert read.place(("list", 1, "n"), key=True) == "site.yml:4:6"
    assert read.place(("list", 1, "missing")) == "site.yml:4:5"
    assert read.place(()) == "site.yml:1:1"


def test_every_duplicate_key_is_reported(tmp_path: Path) -> None:
    read = document(tmp_path, "a: 1\na: 2\nb: {c: 1, c: 2}\n")

    assert [problem.where for problem in read.problems] == ["site.yml:2:1", "site.yml:3:11"]


def test_an_alias_to_its_own_parent_ends(tmp_path: Path) -> None:
    read = document(tmp_path, "a: &x [*x]\n")

    assert len(read.problems) == 1
