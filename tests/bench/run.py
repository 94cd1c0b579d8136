"""`make bench [ONLY=name]`: run every bench_*.py beside this file and write build/bench.json.

A bench is a module with `measure() -> Mapping[str, float]`: seconds, bytes or ratios by name. A number that depends on
the machine stands beside that of a peer measured in the same run, and their ratio.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path

from provisioner.places import CHECKOUT

OUTPUT = CHECKOUT / "build" / "bench.json"


def names() -> tuple[str, ...]:
    """Return the benches, sorted."""
    return tuple(sorted(file.stem.removeprefix("bench_") for file in Path(__file__).parent.glob("bench_*.py")))


def measure(name: str) -> Mapping[str, float]:
    """Run one bench."""
    found: Mapping[str, float] = importlib.import_module(f"tests.bench.bench_{name}").measure()
    return found


def main() -> int:
    """Run what was asked for (default: all), print and keep the numbers of the others."""
    asked = tuple(sys.argv[1:]) or names()
    if unknown := set(asked) - set(names()):
        print(f"bench: no {', '.join(sorted(unknown))} (hint: there are {', '.join(names())})", file=sys.stderr)
        return 2
    kept = json.loads(OUTPUT.read_text(encoding="utf-8"))["results"] if OUTPUT.exists() else {}
    for name in asked:
        kept[name] = dict(measure(name))
        print("\n".join(f"{name}: {what} {value:.3g}" for what, value in kept[name].items()), flush=True)
    machine = {"cores": os.cpu_count(), "processor": platform.machine(), "python": platform.python_version()}
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps({"machine": machine, "results": kept}, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
