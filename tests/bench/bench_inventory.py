"""What checking costs: Teranga's loader against the bare parser it stands on (libyaml), on the same files."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import yaml

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
    """Return seconds of loading, of bare parsing, of one plan, and their ratio."""
    folder = CHECKOUT / "inventory"
    files = [file for place in ("centres", "hubs", "profiles", "services") for file in (folder / place).glob("*.yml")]
    ours = _seconds(lambda: load(folder))
    bare = _seconds(lambda: [yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader) for file in files])
    inventory = load(folder)
    planned = _seconds(lambda: build(inventory, "kedougou"))
    return {"load_seconds": ours, "bare_parser_seconds": bare, "load_to_bare_parser_ratio": ours / bare, "plan_seconds": planned}
