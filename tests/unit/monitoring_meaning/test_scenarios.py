"""Every scripted breakdown gets its true cause and blames what failed; the matrix of verdicts is printed."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from monitoring.incidents.engine import Memory, advance
from monitoring.incidents.incident import Cause, Incident
from tests.unit.monitoring_meaning.networks import indexed
from tests.unit.monitoring_meaning.scenarios import DISTRICT, SCENARIOS, Scenario

SEEDS = range(12)
INDEX = indexed(DISTRICT)


def played(scenario: Scenario, seed: int) -> tuple[Incident, ...]:
    random = Random(seed)  # noqa: S311 - an order of arrival, not a secret
    return advance(INDEX, Memory(), scenario.play(random)).incidents


def blamed(incidents: tuple[Incident, ...]) -> frozenset[str]:
    return frozenset(name for one in incidents for name in (one.segments or (*one.sites, *one.weakened)))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name.replace(" ", "-"))
def test_it_blames_what_failed(scenario: Scenario) -> None:
    for seed in SEEDS:
        incidents = played(scenario, seed)

        assert blamed(incidents) == scenario.blamed, [(one.title, one.segments, one.sites) for one in incidents]
        assert all(one.evidence and one.action for one in incidents)


def test_the_confusion_matrix_is_a_diagonal() -> None:
    matrix = Counter((scenario.cause, incident.cause) for scenario in SCENARIOS for seed in SEEDS for incident in played(scenario, seed))

    print(shown(matrix))  # noqa: T201 - `pytest -s` shows it
    assert {pair for pair in matrix if pair[0] is not pair[1]} == set(), shown(matrix)
    assert {true for true, _ in matrix} == set(Cause)


def shown(matrix: Counter[tuple[Cause, Cause]]) -> str:
    head = "true \\ said".ljust(14) + "".join(said.value[:12].rjust(14) for said in Cause)
    rows = [true.value.ljust(14) + "".join(str(matrix[true, said]).rjust(14) for said in Cause) for true in Cause]
    return "\n".join([head, *rows])


def test_maintenance_gasps_and_old_gasps_are_told_apart() -> None:
    by_name = {scenario.name: scenario for scenario in SCENARIOS}

    (old,) = played(by_name["feeder, old gasps of last week"], 1)
    (fresh,) = played(by_name["the quarter's grid: a whole PON gasps"], 1)

    assert any("sans dernier soupir" in one.text for one in old.evidence)
    assert any("dernier soupir (perte d’alimentation) reçu de 8 ONT sur 8" in one.text for one in fresh.evidence)
