"""What checking costs: Teranga's loader against a plain YAML parser on the same files."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from ruamel.yaml import YAML

from provisioner.load import load
from provisioner.places import CHECKOUT
from provisioner.plan import build


def _seconds(work: Callable[[], object], times: int = 5) -> float:
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def measure() -> Mapping[str, float]:
    """Return seconds of loading, of plain parsing, of one plan, and their ratio."""
    folder = CHECKOUT / "inventory"
    files = [file for place in ("centres", "hubs", "profiles", "services") for file in (folder / place).glob("*.yml")]
    ours = _seconds(lambda: load(folder))
    plain = _seconds(lambda: [YAML(typ="safe", pure=True).load(file) for file in files])
    inventory = load(folder)
    planned = _seconds(lambda: build(inventory, "kedougou"))
    return {"load_seconds": ours, "plain_yaml_seconds": plain, "load_to_plain_ratio": ours / plain, "plan_seconds": planned}
