"""One cut of seventy sites is one notification that it burns and one that it is over, in either order of arrival."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.lab.alerting import ALERTMANAGER, PROMETHEUS, alerting, cut_and_mended

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not (ALERTMANAGER.exists() and PROMETHEUS.exists()), reason="needs Prometheus and Alertmanager (make setup)"),
]


def test_one_cut_is_two_notifications_in_either_order(tmp_path: Path) -> None:
    with alerting(tmp_path) as (country, received):
        time.sleep(3)  # a few quiet looks
        cut_and_mended(country)

    assert dict(received.counts) == {
        ("entry-p", "firing"): 1,
        ("entry-p", "resolved"): 1,
        ("entry-q", "firing"): 1,
        ("entry-q", "resolved"): 1,
    }, received.alerts
    assert set(received.alerts) == {"NocFibreSegmentDown firing", "NocFibreSegmentDown resolved"}
