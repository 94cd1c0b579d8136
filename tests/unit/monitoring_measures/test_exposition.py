"""The page: both forms are read by Prometheus's own parsers; nothing that is not a number is ever on it."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as some
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text

from monitoring.exposition import Block, Family, Form, Kind, block, histogram_values, page, single
from monitoring.families import CATALOGUE

SENT = Family("site_probe_sent_total", Kind.COUNTER, "Sent.", ("site", "path"))
POWER = Family("fibre_rx_power_dbm", Kind.GAUGE, "Power\nof \\ light.", ("port",))
TIME = Family("site_rtt_seconds", Kind.HISTOGRAM, "Time.", ("site",), (0.5, 1.0))
INFO = Family("fibre_optics_info", Kind.INFO, "What it is.", ("port", "site"))


def everything() -> list[Block]:
    return [
        block(SENT, {("dahra", "fibre"): 5, ("dahra", "4g"): 3}),
        block(POWER, {('a"b\\c\nd',): -21.5}),
        Block(TIME, TIME.histogram_heads(("dahra",)), histogram_values((2, 1, 0), 1.25)),
        block(INFO, {("1", "dahra"): 1}),
        block(SENT, {("kedougou", "fibre"): 7}),
    ]


def read(made: bytes) -> list[Metric]:
    return list(openmetrics(made.decode()))  # type: ignore[no-untyped-call] # the library has no types there


def test_the_text_form_is_read_by_prometheus() -> None:
    found = {family.name: family for family in text(page(everything(), Form.TEXT).decode())}

    assert [sample.value for sample in found["site_probe_sent"].samples] == [5, 3, 7]
    assert found["fibre_rx_power_dbm"].samples[0].labels == {"port": 'a"b\\c\nd'}
    assert {sample.labels.get("le"): sample.value for sample in found["site_rtt_seconds"].samples if "le" in sample.labels} == {
        "0.5": 2,
        "1.0": 3,
        "+Inf": 3,
    }


def test_openmetrics_is_read_by_prometheus() -> None:
    found = {family.name: family for family in read(page(everything(), Form.OPENMETRICS))}

    assert (found["site_probe_sent"].type, found["fibre_optics"].type, found["site_rtt_seconds"].type) == ("counter", "info", "histogram")
    assert found["site_rtt_seconds"].unit == "seconds"
    assert found["fibre_rx_power_dbm"].documentation == "Power\nof \\ light."


def test_what_is_not_a_number_is_absent() -> None:
    made = page([block(POWER, {("a",): math.nan, ("b",): -math.inf, ("c",): math.inf})], Form.TEXT)

    assert made == b""


def test_a_family_stands_once_though_it_comes_from_many() -> None:
    made = page(everything(), Form.TEXT).decode()

    assert made.count("# TYPE site_probe_sent_total counter") == 1


def test_a_family_without_labels_has_no_braces() -> None:
    assert page([single(Family("noc_x", Kind.GAUGE, "X."), 2)], Form.TEXT).decode().splitlines()[-1] == "noc_x 2"


@given(some.text(some.characters(exclude_categories=["Cs"])), some.floats(allow_nan=False, allow_infinity=False))
def test_any_label_and_value_come_back_as_they_went(label: str, value: float) -> None:
    label = label.replace("\r", "").replace("\x85", "").replace("\u2028", "").replace("\u2029", "")
    made = page([block(POWER, {(label,): value})], Form.OPENMETRICS)

    (family,) = read(made)
    assert [(sample.labels["port"], sample.value) for sample in family.samples] == [(label, value)]


def test_names_of_the_catalogue_say_what_they_are() -> None:
    assert len({family.name for family in CATALOGUE}) == len(CATALOGUE)
    for family in CATALOGUE:
        assert family.name.endswith("_total") == (family.kind is Kind.COUNTER), family.name
        assert family.name.endswith("_info") == (family.kind is Kind.INFO), family.name
        assert family.help.endswith("."), family.name
