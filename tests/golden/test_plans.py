"""The plans of the written inventory: each change of a number shows here.

Acceptance checks follow from the rest of the plan and have their own tests: they and the hash are left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.load import load
from provisioner.places import CHECKOUT
from provisioner.plan import build, canonical
from provisioner.render.plan import as_text

FOLDER = Path(__file__).parent / "plans"
SITES = ["kedougou", "dahra", "hub-dakar", "ess-thies", "bargny", "sefrou", "pole-sud-est"]  # each profile and option once


@pytest.mark.parametrize("site", SITES)
def test_the_plan_of_a_site_is_the_golden_one(site: str, golden: Callable[[Path, str], None]) -> None:
    plan = replace(build(load(CHECKOUT / "inventory"), site), checks=(), hash="")

    tree = json.loads(canonical(plan))
    golden(FOLDER / site / "plan.json", json.dumps(tree, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    golden(FOLDER / site / "plan.txt", as_text(plan) + "\n")
