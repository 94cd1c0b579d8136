"""Every bad inventory gives exactly these problems, with their places and remedies."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioner.errors import InventoryError
from provisioner.load import load
from provisioner.plan import build

FOLDER = Path(__file__).parent / "inventory"
CASES = sorted(path.name for path in (FOLDER / "bad").iterdir())


def overlay(case: Path, target: Path) -> Path:
    """Return a copy of the base inventory with the files of a case put over it."""
    shutil.copytree(FOLDER / "base", target)
    if (case / "inventory").is_dir():
        shutil.copytree(case / "inventory", target, dirs_exist_ok=True)
    removed = case / "removed.txt"
    for name in removed.read_text().split() if removed.exists() else ():
        (target / name).unlink()
    return target


def load_and_build(folder: Path) -> None:
    """Do what `teranga check` does."""
    inventory = load(folder)
    for site in inventory.sites:
        build(inventory, site)


def test_the_base_of_the_cases_is_good() -> None:
    inventory = load(FOLDER / "base")

    assert sorted(inventory.sites) == ["hub-dakar", "kedougou"]


@pytest.mark.parametrize("case", CASES)
def test_a_bad_inventory_is_refused_with_place_and_remedy(case: str, tmp_path: Path, golden: Callable[[Path, str], None]) -> None:
    folder = overlay(FOLDER / "bad" / case, tmp_path / "inventory")

    with pytest.raises(InventoryError) as refused:
        load_and_build(folder)

    golden(FOLDER / "bad" / case / "expected.txt", "".join(f"{problem}\n" for problem in refused.value.problems))
