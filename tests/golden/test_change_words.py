"""Drift, differences, an explanation and a bill in words, French and English, as people read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from provisioner.change.diff_words import by_hand, line, summary
from provisioner.change.drift import Drift, Kind
from provisioner.change.fleet import Difference
from provisioner.change.plans import Action, Change
from provisioner.change.words import sentence
from provisioner.language.catalogue import messages
from provisioner.load.folder import read
from provisioner.load.inventory import of_folder
from provisioner.model import Prices
from provisioner.plan import build
from provisioner.render.cost import bill
from provisioner.render.cost_words import as_text
from provisioner.render.explain import explain
from provisioner.render.explain_words import as_lines
from provisioner.render.origins import Ground
from tests.golden.conftest import Golden

HERE = Path(__file__).parent / "change"
BASE = Path(__file__).parent / "inventory" / "base"
CHANGES = (
    Change(area="flow", name="visio", action=Action.ADDED, what="terminals -> wan udp/3478"),
    Change(area="flow", name="print", action=Action.REMOVED, what="terminals -> printers tcp/631"),
    Change(area="flow", name="internet", action=Action.CHANGED, part="ports", what="80, 443 -> 443", before="80, 443", after="443"),
    Change(area="guest", name="database", action=Action.CHANGED, part="memory", what="2304 -> 4096", before="2304", after="4096"),
    Change(area="guest", name="archives", action=Action.REMOVED, what="1 cores, 1024 MiB, 10 GiB"),
    Change(area="record", name="database", action=Action.CHANGED, part="address", before="10.65.1.12", after="10.65.1.13"),
    Change(area="reservation", name="terminals/terminal-5", action=Action.ADDED),
)

DATED = {"date": "2026-11-25", "source": "devis 12/2026"}
PRICES = Prices.model_validate(
    {
        "format": 1,
        "currency": "XOF",
        "vat": {"percent": 18, **DATED},
        "energy": {"fcfa_per_kwh": 100.0, **DATED},
        "articles": {
            "server": {"title": "Serveur", "fcfa": 4_500_000, "watts": 180.0, **DATED},
            "thin-client": {"title": "Client léger", "fcfa": 260_000, "date": "2026-11-25", "source": "estimate"},
            "link": {"title": "Accès", "fcfa": 25_000, "monthly": True, **DATED},
        },
        "needs": [
            {"article": "server", "per": "node"},
            {"article": "thin-client", "per": "terminals"},
            {"article": "link", "per": "uplink-fibre"},
        ],
    }
)


def _translate(code: str) -> Callable[[str], str]:
    known: Mapping[str, str] = messages(code)
    return lambda text: known.get(text, text)


@pytest.mark.parametrize("code", ["en", "fr"])
def test_every_kind_of_drift_in_words(code: str, golden: Golden) -> None:
    found = [Drift(subject="database", kind=kind, part="net0 (servers)", declared="20", observed="99") for kind in Kind]

    golden(HERE / f"drift.{code}.txt", "".join(f"{sentence(one, _translate(code))}\n" for one in found))


@pytest.mark.parametrize("code", ["en", "fr"])
def test_a_difference_in_words(code: str, golden: Golden) -> None:
    say = _translate(code)
    drifts = (Drift(subject="recettes", kind=Kind.MEMORY, declared="1280", observed="4096"),)
    difference = Difference(site="kedougou", changes=CHANGES, drifts=drifts, note="unknown")
    lines = [summary(difference, say), *(line(one, own=True, translate=say) for one in CHANGES), *(by_hand(one, say) for one in drifts)]

    golden(HERE / f"diff.{code}.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize("code", ["en", "fr"])
def test_an_explanation_in_words(code: str, golden: Golden) -> None:
    folder = read(BASE)
    inventory = of_folder(folder)
    ground = Ground(folder=folder, inventory=inventory, plan=build(inventory, "kedougou"))

    paths = ("guests.database.memory", "zones.terminals.prefix", "flows.service-terminals-etat-civil.ports", "uplinks.fibre.address")
    found = tuple(one for path in paths for one in explain(ground, path))

    golden(HERE / f"explain.{code}.txt", "\n".join(as_lines(found, _translate(code))) + "\n")


@pytest.mark.parametrize("code", ["en", "fr"])
def test_a_bill_in_words(code: str, golden: Golden) -> None:
    inventory = of_folder(read(BASE))

    golden(HERE / f"cost.{code}.txt", as_text(bill(inventory, ["kedougou"], PRICES), _translate(code)) + "\n")
