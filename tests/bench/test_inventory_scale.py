"""The inventory of the whole country loads and is planned within its budgets of CPU time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from provisioner.load import load
from provisioner.plan import outline
from tests.bench.country import country

COMMUNES = 553
LOAD_SECONDS, UNCHANGED_SECONDS, ALL_SECONDS, MEGABYTES, SHELL_SECONDS = 1.5, 0.5, 6.0, 400, 0.6  # CPU; issue 4, section 1
ROOM = 2.0  # on a machine whose cores are shared, a CPU second does less; `make bench` judges the budgets themselves
_MEASURE = Path(__file__).parent / "national_figures.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return country(tmp_path_factory.mktemp("country") / "inventory")


@cache
def figures(folder: Path, what: str) -> dict[str, float]:
    """Return figures of a process of its own: CPU seconds and peak memory are then nobody else's."""
    done = subprocess.run([sys.executable, _MEASURE, what, folder], capture_output=True, text=True, check=True, timeout=120)
    return dict(json.loads(done.stdout))


def test_every_commune_of_the_list_has_a_site(folder: Path) -> None:
    inventory = load(folder)

    assert set(inventory.communes) <= set(inventory.sites)
    assert len(inventory.communes) == COMMUNES


def test_the_country_is_parsed_and_validated_within_its_budget(folder: Path) -> None:
    assert figures(folder, "load")["seconds"] < LOAD_SECONDS * ROOM


def test_an_unchanged_country_is_read_within_its_budget(folder: Path) -> None:
    assert figures(folder, "unchanged")["seconds"] < UNCHANGED_SECONDS * ROOM


def test_the_country_is_planned_within_its_budgets(folder: Path) -> None:
    found = figures(folder, "plan")

    assert found["sites"] > COMMUNES
    assert found["seconds"] < ALL_SECONDS * ROOM
    assert found["megabytes"] < MEGABYTES


def test_one_plan_of_the_country_from_the_shell_is_within_its_budget(folder: Path) -> None:
    assert figures(folder, "shell")["seconds"] < SHELL_SECONDS * ROOM


def test_no_two_sites_of_the_country_share_an_identity(folder: Path) -> None:
    inventory = load(folder)
    seen: set[object] = set()
    for name in inventory.sites:
        plan = outline(inventory, name)
        own = {plan.prefix, plan.asn, plan.node, plan.pool, plan.domain}
        for guest in plan.guests:
            own |= {guest.vmid, guest.uuid, *(nic.mac for nic in guest.nics)}
        own |= {device.mac for device in plan.reservations}

        assert seen.isdisjoint(own)
        seen |= own
