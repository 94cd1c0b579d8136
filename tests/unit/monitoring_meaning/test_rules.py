"""Rules and alerts: promtool's own tests, 557 sites with one cut, and the mutant that would send seventy messages."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from provisioner import command
from provisioner.places import CHECKOUT

RULES = CHECKOUT / "monitoring" / "rules"
SUPPRESSION = "unless on (site) (max_over_time(site:explained:max[10m]) == 1)"
HOW = command.Run(timeout=timedelta(seconds=120))
POLES, CUT_SITES = 8, 70
COUNTRY, PROVINCE = 557, 140  # sites: the whole, and what shows the same in a quarter of the time


def promtool(*words: str | Path) -> command.Completed:
    return command.attempt(["promtool", *words], HOW)


def alerts() -> list[dict[str, object]]:
    read = yaml.safe_load((RULES / "alerts.yml").read_text(encoding="utf-8"))
    return [rule for group in read["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("file", sorted((RULES / "tests").glob("*.yml")), ids=lambda file: file.stem)
def test_promtool_passes(file: Path) -> None:
    done = promtool("test", "rules", file)

    assert done.status == 0, done.stdout + done.stderr


def test_the_rules_are_valid_for_this_prometheus() -> None:
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", *sorted(RULES.glob("[ar][le]*[sg].yml")))

    assert done.status == 0, done.stdout + done.stderr
    assert {"alerts.yml", "recording.yml"} <= {file.name for file in RULES.glob("[ar][le]*[sg].yml")}


def test_no_expression_is_an_alias() -> None:
    for name in ("alerts.yml", "recording.yml"):
        text = (RULES / name).read_text(encoding="utf-8")

        assert "expr: *" not in text, "Prometheus reads an alias as the name of a metric"


def test_every_alert_has_a_severity_a_summary_and_a_page() -> None:
    for alert in alerts():
        match alert:
            case {
                "alert": str(name),
                "labels": {"severity": str(severity)},
                "annotations": {"summary": str(summary), "runbook": str(page)},
            }:
                assert name.startswith("Noc")
                assert severity in {"critical", "warning", "info", "none"}, name
                assert summary, name
                assert (CHECKOUT / page).is_file(), page
            case _:
                pytest.fail(f"{alert} lacks something")


def test_every_alert_is_seen_firing_in_a_test() -> None:
    fired = set()
    for file in (RULES / "tests").glob("*.yml"):
        for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]:
            fired |= {one["alertname"] for one in test["alert_rule_test"] if one["exp_alerts"]}

    assert {str(alert["alert"]) for alert in alerts()} == fired


def times(value_before: int, before: int, value_during: int, during: int, after: int) -> str:
    """Return promtool's words for a value that changes and comes back; counts are samples, 15 s each."""
    return f"{value_before}x{before - 1} {value_during}x{during - 1} {value_before}x{after - 1}"


def country(sites: int, site_during: tuple[int, int], segment_during: tuple[int, int]) -> list[dict[str, str]]:
    """Return the series of sites when one cut isolates 70 of them; each pair says from which to which sample something is down."""
    total = 64
    up = f"1x{total}"
    found = []
    site_values = times(1, site_during[0], 0, site_during[1] - site_during[0], total - site_during[1])
    segment_values = times(1, segment_during[0], 0, segment_during[1] - segment_during[0], total - segment_during[1])
    for number in range(sites):
        pole = 0 if number < CUT_SITES else 1 + number % (POLES - 1)
        name = f"site-{number}"
        found.append({"series": f'noc_site_info{{site="{name}", pole="pole-{pole}", kind="centre", tier="2"}}', "values": up})
        for path in ("dakar", "diamniadio"):
            alone = number == sites - 1
            found.append(
                {"series": f'site_up{{site="{name}", path="{path}"}}', "values": f"0x{total}" if alone else site_values if not pole else up}
            )
            for segment in (f"{path}-{pole}", f"entry-{pole}"):
                labels = f'site="{name}", path="{path}", segment="{segment}"'
                found.append({"series": f"noc_site_path_segment_info{{{labels}}}", "values": up})
    for pole in range(POLES):
        found.append({"series": f'fibre_segment_up{{segment="entry-{pole}"}}', "values": segment_values if not pole else up})
        found += [{"series": f'fibre_segment_up{{segment="{path}-{pole}"}}', "values": up} for path in ("dakar", "diamniadio") if pole]
    return found


def cut(name: str, sites: int, site_during: tuple[int, int], segment_during: tuple[int, int]) -> dict[str, object]:
    """Return a test in which only the segment and the one unrelated site are told, from the cut to long after the repair."""
    firing = 'count by (alertname) (ALERTS{alertstate="firing", alertname!="NocDeadMansSwitch"})'
    lone = {"labels": '{alertname="NocSiteUnreachable"}', "value": 1}
    root = {"labels": '{alertname="NocFibreSegmentDown"}', "value": 1}
    checks = [("4m", [lone, root]), ("6m", [lone, root]), ("8m", [lone, root]), ("15m30s", [lone])]
    return {
        "name": name,
        "interval": "15s",
        "input_series": country(sites, site_during, segment_during),
        "promql_expr_test": [{"expr": firing, "eval_time": at, "exp_samples": samples} for at, samples in checks],
    }


def cut_file(folder: Path, alert_file: Path, tests: list[dict[str, object]]) -> Path:
    file = folder / "cut.yml"
    rules = {"rule_files": [str(RULES / "recording.yml"), str(alert_file)], "evaluation_interval": "30s", "tests": tests}
    file.write_text(yaml.safe_dump(rules, allow_unicode=True), encoding="utf-8")
    return file


# Samples of 15 s: the cut is near the first minute, the repair near the eighth.
ROOT_FIRST = cut("root first, and it clears first", PROVINCE, (6, 34), (4, 31))
CHILDREN_FIRST = cut("children first, and they clear last", COUNTRY, (4, 34), (6, 31))
FEW_CHILDREN_FIRST = cut("children first, fewer beside them", PROVINCE, (4, 34), (6, 31))


@pytest.mark.parametrize("order", [ROOT_FIRST, CHILDREN_FIRST], ids=["root-first", "children-first"])
def test_one_cut_is_one_alert_in_either_order(order: dict[str, object], tmp_path: Path) -> None:
    done = promtool("test", "rules", cut_file(tmp_path, RULES / "alerts.yml", [order]))

    assert done.status == 0, done.stdout[:2000] + done.stderr[:2000]


def test_without_suppression_seventy_sites_would_be_told(tmp_path: Path) -> None:
    text = (RULES / "alerts.yml").read_text(encoding="utf-8")
    assert SUPPRESSION in text
    mutant = tmp_path / "alerts.yml"
    mutant.write_text(text.replace(SUPPRESSION, ""), encoding="utf-8")

    done = promtool("test", "rules", cut_file(tmp_path, mutant, [FEW_CHILDREN_FIRST]))

    assert done.status != 0
    assert f'{{alertname="NocSiteUnreachable"}} {(CUT_SITES + 1) / 10}E+01' in done.stderr
