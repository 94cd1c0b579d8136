"""The cache of values: an unchanged file is not parsed again, and nothing else differs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from provisioner.errors import InventoryError
from provisioner.load import load
from provisioner.places import CHECKOUT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(CHECKOUT / "inventory", tmp_path / "inventory")


def test_the_inventory_is_the_same_with_and_without_the_cache(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"

    assert load(folder, cache) == load(folder) == load(folder, cache)


def test_a_problem_has_its_place_although_the_file_was_not_parsed(folder: Path, tmp_path: Path) -> None:
    load(folder, tmp_path / "cache")
    (folder / "centres/nouveau.yml").write_text((folder / "centres/kedougou.yml").read_text(), encoding="utf-8")

    with pytest.raises(InventoryError) as cold:
        load(folder)
    with pytest.raises(InventoryError) as warm:
        load(folder, tmp_path / "cache")

    assert warm.value.problems == cold.value.problems
    assert "is taken at centres/kedougou.yml:2:7" in str(warm.value)


def test_a_changed_file_is_read_anew(folder: Path, tmp_path: Path) -> None:
    load(folder, tmp_path / "cache")
    file = folder / "centres/kedougou.yml"
    file.write_text(file.read_text().replace("title: Kédougou", "title: Kédougou-Ville"), encoding="utf-8")

    assert load(folder, tmp_path / "cache").sites["kedougou"].title == "Kédougou-Ville"


def test_a_file_in_which_something_is_refused_is_not_kept(folder: Path, tmp_path: Path) -> None:
    (folder / "centres/kedougou.yml").write_text("slot: 16\nslot: 17\n", encoding="utf-8")

    for _ in range(2):
        with pytest.raises(InventoryError, match="`slot` is written twice"):
            load(folder, tmp_path / "cache")


@pytest.mark.parametrize("rubbish", ["", "{", "[]", '{"x": 1}'])
def test_a_broken_cache_costs_nothing_but_time(rubbish: str, folder: Path, tmp_path: Path) -> None:
    load(folder, tmp_path / "cache")
    kept = next((tmp_path / "cache").iterdir())
    kept.write_text(rubbish, encoding="utf-8")

    assert load(folder, tmp_path / "cache") == load(folder)
    assert json.loads(kept.read_text(encoding="utf-8"))


def test_a_cache_that_cannot_be_written_is_done_without(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")

    assert load(folder, tmp_path / "cache") == load(folder)
