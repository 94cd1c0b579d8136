"""`teranga init`: a centre's file from the list of communes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from provisioner.cli.main import main
from provisioner.load import load
from provisioner.places import CHECKOUT
from provisioner.plan import build
from provisioner.plan.free import free_slot


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = shutil.copytree(CHECKOUT / "inventory", tmp_path / "inventory")
    monkeypatch.setenv("TERANGA_INVENTORY", str(folder))
    monkeypatch.setenv("TERANGA_CACHE", str(tmp_path / "cache"))
    return folder


def test_a_new_centre_takes_the_next_slot_its_pole_and_its_fibre(inventory: Path) -> None:
    assert main(["init", "Salemata", "--terminal", "00:00:5e:00:53:f1=Guichet", "--terminal", "00:00:5e:00:53:f2"]) == 0

    site = load(inventory).sites["salemata"]
    assert site.slot == free_slot(load(CHECKOUT / "inventory"))
    assert (site.profile, site.pole) == ("commune", "pole-sud-est")
    assert site.fibre is not None
    assert site.fibre.begins == "pole-sud-est"
    assert [(device.number, device.title) for device in site.terminals] == [(1, "Guichet"), (2, None)]


def test_a_new_centre_changes_no_other_plan(inventory: Path) -> None:
    before = load(inventory)
    assert main(["init", "salemata", "--profile", "ess"]) == 0
    after = load(inventory)

    for name in ("kedougou", "ess-thies", "sefrou", "pole-thies"):
        assert build(after, name) == build(before, name)


@pytest.mark.parametrize("words", ["medina-yoro-foulah", "Médina Yoro Foulah", "MEDINA YORO FOULAH"])
def test_a_name_in_use_is_refused(words: str, inventory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (inventory / "centres/medina-yoro-foulah.yml").read_bytes()

    assert main(["init", words]) == 1
    assert "the inventory has centres/medina-yoro-foulah.yml already" in capsys.readouterr().err
    assert (inventory / "centres/medina-yoro-foulah.yml").read_bytes() == before


def test_another_name_makes_a_second_site_of_the_commune(inventory: Path) -> None:
    assert main(["init", "Kédougou", "--profile", "ess", "--name", "ess-kedougou"]) == 0

    found = load(inventory)
    assert found.sites["ess-kedougou"].commune == "kedougou"


@pytest.mark.usefixtures("inventory")
def test_a_misspelt_commune_gets_the_nearest_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "salemta"]) == 2
    assert "salemta: the list has no such commune (hint: did you mean `salemata`?)" in capsys.readouterr().err


@pytest.mark.usefixtures("inventory")
@pytest.mark.parametrize("profile", ["comune", "pole", "hub"])
def test_only_a_profile_of_a_centre_is_taken(profile: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "salemata", "--profile", profile]) == 2
    assert f"there is no profile of a centre `{profile}`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (["--terminal", "00:00:5e:00:53:01"], "MAC address 00:00:5e:00:53:01 is taken"),
        (["--terminal", "01:00:5e:00:53:01"], "is a group address"),
        (["--name", "Salémata"], "is not a domain label"),
        (["--name", "kedougou"], "the inventory has centres/kedougou.yml already"),
    ],
)
def test_what_would_break_the_inventory_leaves_no_file(
    more: list[str], problem: str, inventory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path.name for path in (inventory / "centres").iterdir())

    assert main(["init", "salemata", *more]) == 1
    assert problem in capsys.readouterr().err
    assert sorted(path.name for path in (inventory / "centres").iterdir()) == before


def test_a_dry_run_prints_and_writes_nothing(inventory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "salemata", "--wireless", "--dry-run"]) == 0

    assert "wireless: true\n" in capsys.readouterr().out
    assert not (inventory / "centres/salemata.yml").exists()


def test_a_retired_slot_is_not_given_again(inventory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    national = inventory / "national.yml"
    national.write_text(national.read_text().replace("  vmid: 100000", "  retired: [40, 41]\n  vmid: 100000"))
    assert main(["init", "salemata"]) == 0
    assert load(inventory).sites["salemata"].slot == 42

    centre = inventory / "centres/salemata.yml"
    centre.write_text(centre.read_text().replace("slot: 42", "slot: 40"))
    assert main(["check", "--json"]) == 1
    assert "slot 40 is retired" in json.loads(capsys.readouterr().out.partition("\n")[2])["problems"][0]["what"]
