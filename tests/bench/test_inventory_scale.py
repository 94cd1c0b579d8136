"""An inventory of the whole country loads within its CPU budget."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from provisioner.load import load
from provisioner.places import CHECKOUT
from provisioner.plan import build

CENTRES = 553
LOAD_SECONDS = 1.5  # CPU
PLAN_SECONDS = 6.0 / CENTRES * 3  # CPU for one plan, with room for a busy machine


def country(folder: Path) -> Path:
    """Return an inventory with as many centres as the country has communes, all like Kédougou."""
    shutil.copytree(CHECKOUT / "inventory", folder)
    text = (folder / "centres" / "kedougou.yml").read_text(encoding="utf-8")
    for path in (folder / "centres").glob("*.yml"):
        path.unlink()
    for index in range(CENTRES):
        site = text.replace("slot: 16", f"slot: {16 + index}").replace("00:00:5e:00:53:", f"52:54:{index >> 8:02x}:{index & 255:02x}:00:")
        (folder / "centres" / f"centre-{index}.yml").write_text(site, encoding="utf-8")
    return folder


def test_the_country_loads_and_one_plan_is_built_within_the_budget(tmp_path: Path) -> None:
    folder = country(tmp_path / "inventory")

    start = time.process_time()
    inventory = load(folder)
    loaded = time.process_time()
    build(inventory, "centre-0")  # the first one also imports what a plan needs
    planned = []
    for index in (1, 2, 3):
        began = time.process_time()
        build(inventory, f"centre-{index}")
        planned.append(time.process_time() - began)

    assert len([site for site in inventory.sites if site.startswith("centre-")]) == CENTRES
    assert loaded - start < LOAD_SECONDS
    assert min(planned) < PLAN_SECONDS
