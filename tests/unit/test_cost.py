"""The bill of a site is counted from its file and priced from the dated list; both add up."""

from __future__ import annotations

import csv
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.cli.main import main
from provisioner.load.folder import read
from provisioner.load.inventory import of_folder
from provisioner.places import CHECKOUT
from provisioner.render.cost import bill, counted
from provisioner.render.cost_words import as_csv, as_json, as_text, money

FOLDER = read(CHECKOUT / "inventory")
INVENTORY = of_folder(FOLDER)
assert FOLDER.prices is not None
PRICES = FOLDER.prices.model


def test_every_price_has_a_day_and_a_source() -> None:
    dated = [PRICES.vat, PRICES.energy, *PRICES.articles.values()]

    assert all(one.source and one.date.year >= 2026 for one in dated)


def test_a_site_takes_one_article_for_each_of_its_devices() -> None:
    made = {line.article: line for line in bill(INVENTORY, ["ess-thies"], PRICES).lines}

    assert (made["thin-client"].quantity, made["wall-tablet"].quantity, made["feedback-tablet"].quantity) == (2, 3, 6)
    assert (made["touch-booth"].quantity, made["pocket-gps"].quantity, made["server"].quantity) == (1, 2, 1)
    assert all(line.spares == 0 for line in made.values())


def test_switches_are_counted_by_their_ports() -> None:
    site = INVENTORY.sites["kedougou"]
    crowded = site.model_copy(update={"terminals": site.terminals * 7})
    inventory = replace(INVENTORY, sites={"kedougou": crowded})
    (switch,) = [line for line in bill(inventory, ["kedougou"], PRICES).lines if line.article == "switch"]

    assert counted(inventory, crowded)["ports"] == 1 + 28 + 1
    assert switch.quantity == 2


def test_spares_are_kept_for_many_sites_together() -> None:
    lines = {line.article: line for line in bill(INVENTORY, sorted(INVENTORY.sites), PRICES).lines}

    assert lines["server"].quantity == len(INVENTORY.sites)
    assert lines["server"].spares == 1


def test_sums_tax_energy_and_subscriptions_add_up() -> None:
    made = bill(INVENTORY, ["kedougou"], PRICES)

    assert made.once == sum(line.quantity * line.unit for line in made.lines if not line.monthly)
    assert made.vat == round(made.once * PRICES.vat.percent / 100)
    assert made.kwh == pytest.approx(sum(line.kwh for line in made.lines))
    assert made.energy == round(made.kwh * PRICES.energy.fcfa_per_kwh)


def test_what_no_article_is_for_is_said() -> None:
    needs = tuple(need for need in PRICES.needs if need.per != "touch-booth")
    made = bill(INVENTORY, ["ess-thies"], PRICES.model_copy(update={"needs": needs}))

    assert made.unpriced == (("touch-booth", 1),)
    assert "not priced: touch-booth, 1" in as_text(made, str)


def test_money_is_written_as_in_senegal() -> None:
    assert money(70_000_000).replace("\u202f", " ").replace("\u00a0", " ") == "70 000 000 F CFA"


def test_the_three_forms_say_the_same() -> None:
    made = bill(INVENTORY, ["kedougou"], PRICES)
    data = json.loads(as_json(made))
    rows = list(csv.DictReader(io.StringIO(as_csv(made))))

    assert data["with_tax"] == made.once + made.vat
    assert sum(int(row["total_fcfa"]) for row in rows if row["monthly"] == "no") == made.once
    assert f"purchase without tax: {money(made.once)}" in as_text(made, str)


def test_the_verb_needs_a_site_or_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost"]) == 2
    assert main(["cost", "kedougou", "--all"]) == 2
    assert main(["cost", "kedugou"]) == 1
    assert "did you mean `kedougou`" in capsys.readouterr().err
    assert main(["cost", "--all", "--csv"]) == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("article: server,", "article: serveur,", "there is no article `serveur`"),
        ("  - {article: ups, per: node}\n", "", "nothing needs ups"),
        ("    date: 2026-11-25\n    source: estimate\n    watts: 180.0", "    source: estimate\n    watts: 180.0", "`date` is missing"),
        ("fcfa: 4500000", "fcfa: beaucoup", "`fcfa` is `beaucoup`, not a whole number"),
    ],
)
def test_a_bad_price_list_is_a_problem_of_the_inventory(
    tmp_path: Path, old: str, new: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(CHECKOUT / "inventory", tmp_path / "inventory")
    file = tmp_path / "inventory" / "prices.yml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")

    monkeypatch.setenv("TERANGA_INVENTORY", str(tmp_path / "inventory"))
    status = main(["check"])

    assert status == 1
    assert words in capsys.readouterr().err


def test_without_a_price_list_the_verb_says_where_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(CHECKOUT / "inventory", tmp_path / "inventory")
    (tmp_path / "inventory" / "prices.yml").unlink()
    monkeypatch.setenv("TERANGA_INVENTORY", str(tmp_path / "inventory"))

    assert main(["cost", "kedougou"]) == 1
    assert "there is no price list" in capsys.readouterr().err
