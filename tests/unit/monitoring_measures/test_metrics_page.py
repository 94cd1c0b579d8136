"""The page of metrics names what there is, and the wheel holds it."""

from __future__ import annotations

import shutil
import sys
import zipfile
from pathlib import Path

from monitoring.families import CATALOGUE
from provisioner import command
from provisioner.places import CHECKOUT


def test_every_metric_stands_on_its_page_as_it_is() -> None:
    page = (CHECKOUT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")

    rows = [f"| `{family.name}` | {family.kind} | {', '.join(family.labels) or '-'} | {family.help} |" for family in CATALOGUE]
    assert [row for row in rows if row not in page] == []


def test_the_wheel_holds_every_file_and_the_program(tmp_path: Path) -> None:
    source = tmp_path / "source" / "monitoring"
    shutil.copytree(CHECKOUT / "monitoring", source, ignore=shutil.ignore_patterns("__pycache__"))
    files = {f"monitoring/{file.relative_to(source)}" for file in source.rglob("*") if file.is_file()}

    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    command.run([*build, "--wheel-dir", tmp_path, source], command.Run(cwd=tmp_path))

    (wheel,) = tmp_path.glob("teranga_monitoring-*.whl")
    with zipfile.ZipFile(wheel) as packed:
        held, points = set(packed.namelist()), packed.read("teranga_monitoring-0.1.0.dist-info/entry_points.txt")
    assert sorted(files - held) == ["monitoring/pyproject.toml"]
    assert b"teranga-exporter = monitoring.main:main" in points
