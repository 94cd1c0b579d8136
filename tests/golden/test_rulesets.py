"""The rulesets of the written inventory: each flow that opens or closes shows here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from provisioner.load import load
from provisioner.places import CHECKOUT
from provisioner.plan import build
from provisioner.render import nftables

FOLDER = Path(__file__).parent / "rulesets"


@pytest.mark.parametrize("site", ["kedougou", "dahra", "hub-dakar", "ess-thies", "bargny", "sefrou", "pole-sud-est"])
def test_the_rulesets_of_a_site_are_the_golden_ones(site: str, golden: Callable[[Path, str], None]) -> None:
    plan = build(load(CHECKOUT / "inventory"), site)

    golden(FOLDER / site / "gateway.nft", nftables.gateway(plan))
    for guest in plan.guests[1:3]:
        golden(FOLDER / site / f"{guest.name}.nft", nftables.guest(plan, guest))
