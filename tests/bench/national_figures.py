"""`python national_figures.py WHAT FOLDER`: CPU seconds and peak memory of one piece of work over a country's inventory, as JSON.

load: parse and validate everything. unchanged: the same again, with the values of the first time kept. plan: build
every plan, one after the other. shell: `teranga plan CENTRE --json` as a person runs it. All best of three but plan.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from provisioner.load import load
from provisioner.plan import build

_TIMES = 3
_CENTRE = "bandafassi"


def _best(work: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    found = []
    for _ in range(_TIMES):
        start = clock()
        work()
        found.append(clock() - start)
    return min(found)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _plan(folder: Path) -> dict[str, float]:
    inventory = load(folder)
    start = time.process_time()
    sites = sum(bool(build(inventory, name).hash) for name in inventory.sites)
    seconds = time.process_time() - start
    return {"seconds": seconds, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "sites": float(sites)}


def _shell(folder: Path, cache: str) -> float:
    environment = os.environ | {"TERANGA_INVENTORY": str(folder), "TERANGA_CACHE": cache}
    argv = [sys.executable, "-m", "provisioner.cli.main", "plan", _CENTRE, "--json"]

    def run() -> None:
        subprocess.run(argv, env=environment, stdout=subprocess.DEVNULL, check=True, timeout=60)

    run()  # the first time fills the cache
    return _best(run, _children)


def measure(what: str, folder: Path) -> dict[str, float]:
    """Return the figures of one piece of work."""
    with tempfile.TemporaryDirectory() as cache:
        match what:
            case "load":
                return {"seconds": _best(lambda: load(folder))}
            case "unchanged":
                load(folder, Path(cache))
                return {"seconds": _best(lambda: load(folder, Path(cache)))}
            case "plan":
                return _plan(folder)
            case _:
                return {"seconds": _shell(folder, cache)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
