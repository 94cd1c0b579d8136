"""What `explain` and `diff --all` cost at the size of the country. CPU seconds; the peer of a diff is planning the same sites alone.

Every site has an applied plan; then nothing is changed, and then each commune's profile gets one flow more.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from provisioner.centre import applied
from provisioner.centre.diff import differences
from provisioner.change.fleet import groups
from provisioner.load.folder import read
from provisioner.load.inventory import load, of_folder
from provisioner.plan import build
from provisioner.render.explain import explain
from provisioner.render.origins import Ground
from tests.bench.country import country

_PATH = "guests.database.memory"
_FLOW = "flows:\n"
_ONE_MORE = _FLOW + "  - {id: visio, from: terminals, to: wan, udp: [3478], reason: Visioconférence, owner: commune}\n"


def _cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _explained(folder: Path) -> Mapping[str, float]:
    read_folder = read(folder)
    inventory = of_folder(read_folder)
    ground = Ground(folder=read_folder, inventory=inventory, plan=build(inventory, "kedougou"))
    return {
        "explain_one_value_cpu_seconds": _cpu(lambda: explain(ground, _PATH)),
        "explain_whole_plan_cpu_seconds": _cpu(lambda: explain(ground, "")),
    }


def _compared(folder: Path) -> Mapping[str, float]:
    inventory = load(folder)
    sites = tuple(inventory.sites)
    plan = _cpu(lambda: [build(inventory, site) for site in sites])
    for site in sites:
        applied.keep(build(inventory, site))
    unchanged = _cpu(lambda: differences(inventory, sites, seen=False))
    profile = folder / "profiles" / "commune.yml"
    profile.write_text(profile.read_text(encoding="utf-8").replace(_FLOW, _ONE_MORE, 1), encoding="utf-8")
    edited = load(folder)
    start = time.process_time()
    found = groups(differences(edited, sites, seen=False))
    changed = time.process_time() - start
    return {
        "sites": len(sites),
        "sites_in_the_largest_group": len(found[0].sites),
        "groups": len(found),
        "plan_all_cpu_seconds": plan,
        "diff_all_unchanged_cpu_seconds": unchanged,
        "diff_all_unchanged_to_plan_ratio": unchanged / plan,
        "diff_all_one_flow_more_cpu_seconds": changed,
        "diff_all_one_flow_more_to_plan_ratio": changed / plan,
    }


def measure() -> Mapping[str, float]:
    """Return CPU seconds, the ratios to planning alone, and how the changes group."""
    before = os.environ.get("TERANGA_STATE")
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["TERANGA_STATE"] = f"{scratch}/state"
        try:
            folder = country(Path(scratch) / "inventory")
            return {**_explained(folder), **_compared(folder)}
        finally:
            os.environ.pop("TERANGA_STATE")
            if before is not None:
                os.environ["TERANGA_STATE"] = before
