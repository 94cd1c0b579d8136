"""The page of metrics and the wheel's list of packages name what there is."""

from __future__ import annotations

import tomllib

from monitoring.families import CATALOGUE
from provisioner.places import CHECKOUT


def test_every_metric_stands_on_its_page_as_it_is() -> None:
    page = (CHECKOUT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")

    rows = [f"| `{family.name}` | {family.kind} | {', '.join(family.labels) or '-'} | {family.help} |" for family in CATALOGUE]
    assert [row for row in rows if row not in page] == []


def test_the_wheel_holds_every_package() -> None:
    folder = CHECKOUT / "monitoring"
    named = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]

    there = {".".join(("monitoring", *file.parent.relative_to(folder).parts)) for file in folder.rglob("__init__.py")}
    assert {name for name in there if ".build" not in name} == set(named)
