"""Every bad inventory gives exactly these problems, with their places and remedies."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioner.cli.main import main
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


def problems_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return what `teranga check` says; it ends with 1 and shows no traceback."""
    assert main(["check", "--inventory", str(folder)]) == 1
    shown = capsys.readouterr()
    assert not shown.out
    return shown.err.splitlines()


def test_the_base_of_the_cases_is_good() -> None:
    inventory = load(FOLDER / "base")

    assert sorted(inventory.sites) == ["hub-dakar", "kedougou"]


@pytest.mark.parametrize("case", CASES)
def test_a_bad_inventory_is_refused_with_place_and_remedy(
    case: str,
    tmp_path: Path,
    golden: Callable[[Path, str], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERANGA_INVENTORY", str(tmp_path))
    monkeypatch.setenv("TERANGA_CACHE", str(tmp_path / "cache"))
    folder = overlay(FOLDER / "bad" / case, tmp_path / "inventory")

    with pytest.raises(InventoryError) as refused:
        load_and_build(folder)

    said = [str(problem) for problem in refused.value.problems]
    assert said == problems_shown(folder, capsys)
    golden(FOLDER / "bad" / case / "expected.txt", "".join(f"{line}\n" for line in said))


@pytest.mark.parametrize("case", CASES)
def test_each_problem_has_a_remedy(case: str) -> None:
    for line in (FOLDER / "bad" / case / "expected.txt").read_text().splitlines():
        assert "(hint: " in line
