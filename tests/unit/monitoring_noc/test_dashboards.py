"""The dashboards: the files are what the catalogue makes, and every expression can be evaluated on what is measured."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from monitoring.dashboards.catalogue import DASHBOARDS
from monitoring.dashboards.make import FOLDER, files
from monitoring.dashboards.panels import Dashboard

CHECKOUT = Path(__file__).parents[3]
# Words of PromQL that stand where a metric could, and what Prometheus itself provides.
LANGUAGE = {"by", "on", "and", "or", "unless", "bool", "group_left", "group_right", "ignoring", "without", "offset"}
BUILT_IN = {"ALERTS"}
NAME = re.compile(r"(?<![\w:])([A-Za-z_][\w:]*)(?![\w:])\s*(\(?)")


def expressions(dashboard: Dashboard) -> Iterator[str]:
    for panel in dashboard.panels:
        for query in panel.queries:
            yield query.expression
    for _, _, variable in dashboard.variables:
        inner = re.fullmatch(r"label_values\((.+), \w+\)", variable)
        assert inner is not None
        yield inner[1]


def metrics(expression: str) -> set[str]:
    """Return the names of an expression that are neither functions, nor labels, nor words of the language."""
    bare = re.sub(r'"[^"]*"', '""', expression)
    bare = re.sub(r"\{[^}]*\}", "", bare)
    bare = re.sub(r"\b(by|on|group_left|group_right|ignoring|without)\s*\([^)]*\)", "", bare)
    bare = re.sub(r"\[[^\]]*\]", "", bare)
    return {name for name, call in NAME.findall(bare) if not call and name not in LANGUAGE}


def known() -> set[str]:
    """Return the exporter's families (with what a histogram adds) and the names of the recording rules."""
    table = (CHECKOUT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
    found = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    rules = yaml.safe_load((CHECKOUT / "monitoring" / "rules" / "recording.yml").read_text(encoding="utf-8"))
    return found | {rule["record"] for group in rules["groups"] for rule in group["rules"]} | BUILT_IN


def test_the_files_are_those_that_the_catalogue_makes() -> None:
    there = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.json")}

    assert there == dict(files()), "run: python -m monitoring.dashboards.make"


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.uid)
def test_every_expression_reads_what_is_measured_or_recorded(dashboard: Dashboard) -> None:
    names = known()

    unknown = {expression: metrics(expression) - names for expression in expressions(dashboard) if metrics(expression) - names}

    assert unknown == {}


def test_the_names_of_an_expression_are_found() -> None:
    found = metrics('topk(3, a_total{x="c_total"} > 1) * on (site) group_left (pole) b:c:d unless sum by (le) (rate(e_bucket[5m]))')

    assert found == {"a_total", "b:c:d", "e_bucket"}


def test_prometheus_understands_every_expression(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not here (Debian package prometheus)")
    rules = [
        {"record": f"dashboard:{number}", "expr": expression}
        for number, expression in enumerate(sorted({one for dashboard in DASHBOARDS for one in expressions(dashboard)}))
    ]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": rules}]}), encoding="utf-8")

    done = subprocess.run([promtool, "check", "rules", file], capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 0, done.stderr
    assert f"{len(rules)} rules found" in done.stdout


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.uid)
def test_panels_fill_the_grid_without_overlap_and_variables_are_declared(dashboard: Dashboard) -> None:
    made = json.loads(files()[f"{dashboard.uid}.json"])
    cells: set[tuple[int, int]] = set()
    declared = {one["name"] for one in made["templating"]["list"]}

    for panel in made["panels"]:
        place = panel["gridPos"]
        own = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert place["x"] + place["w"] <= 24
        assert not own & cells
        cells |= own
    assert len({panel["id"] for panel in made["panels"]}) == len(made["panels"])
    assert set(re.findall(r"\$\{?(\w+)", json.dumps(made))) - {"__auto"} <= declared


def test_uids_are_short_and_unique() -> None:
    uids = [dashboard.uid for dashboard in DASHBOARDS]

    assert len(set(uids)) == len(uids)
    assert all(len(uid) <= 40 for uid in uids)  # Grafana's limit
