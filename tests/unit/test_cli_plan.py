"""`teranga check` and `teranga plan` as a person runs them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from provisioner.cli.main import main
from provisioner.places import CHECKOUT

INVENTORY = str(CHECKOUT / "inventory")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERANGA_INVENTORY", INVENTORY)


def test_check_of_a_good_inventory_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert "no problem" in capsys.readouterr().out


def test_check_of_a_bad_inventory_ends_with_1_and_lists_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shutil.copytree(INVENTORY, tmp_path / "inventory")
    (folder / "centres" / "dahra.yml").write_text("slot: no\n", encoding="utf-8")

    assert main(["check", "--inventory", str(folder), "--json"]) == 1
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert {problem["where"].split(":")[0] for problem in problems} == {"centres/dahra.yml"}


def test_plan_in_json_is_the_canonical_plan(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "kedougou", "--json"]) == 0
    first = capsys.readouterr().out
    assert main(["--inventory", INVENTORY, "plan", "kedougou", "--json"]) == 0

    assert capsys.readouterr().out == first
    assert json.loads(first)["site"] == "kedougou"


def test_plan_of_an_unknown_site_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "kedugou"]) == 1
    assert "did you mean `kedougou`?" in capsys.readouterr().err


def test_plan_without_a_site_is_a_usage_error() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["plan"])

    assert ended.value.code == 2
