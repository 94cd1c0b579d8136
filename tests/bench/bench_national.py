"""What the whole country costs: every commune of the list parsed, validated and planned. CPU seconds against issue 4's goals.

The peer of parsing is the bare parser that the loader stands on (libyaml), on the same files in the same run.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import yaml

from tests.bench.country import country

_FIGURES = Path(__file__).parent / "national_figures.py"


def _figures(what: str, folder: Path) -> dict[str, float]:
    done = subprocess.run([sys.executable, _FIGURES, what, folder], capture_output=True, text=True, check=True, timeout=300)
    return dict(json.loads(done.stdout))


def _bare(folder: Path) -> float:
    files = sorted(folder.glob("*/*.yml"))
    start = time.process_time()
    for file in files:
        yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return time.process_time() - start


def measure() -> Mapping[str, float]:
    """Return CPU seconds, megabytes, the goals beside them, and the ratio to the bare parser."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = country(Path(scratch) / "inventory")
        load, unchanged, plan, shell = (_figures(what, folder) for what in ("load", "unchanged", "plan", "shell"))
        bare = _bare(folder)
    return {
        "sites": plan["sites"],
        "load_cpu_seconds": load["seconds"],
        "load_cpu_seconds_goal": 1.5,
        "bare_parser_cpu_seconds": bare,
        "load_to_bare_parser_ratio": load["seconds"] / bare,
        "unchanged_cpu_seconds": unchanged["seconds"],
        "unchanged_cpu_seconds_goal": 0.5,
        "plan_all_cpu_seconds": plan["seconds"],
        "plan_all_cpu_seconds_goal": 6.0,
        "plan_all_megabytes": plan["megabytes"],
        "plan_all_megabytes_goal": 400.0,
        "plan_one_from_the_shell_cpu_seconds": shell["seconds"],
        "plan_one_from_the_shell_cpu_seconds_goal": 0.6,
    }
