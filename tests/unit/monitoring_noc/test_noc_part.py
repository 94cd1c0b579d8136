"""The page as a part of the exporter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from monitoring.incidents.incident import Incident
from monitoring.noc.desk import Settings
from monitoring.noc.part import NocPart
from monitoring.noc.view import HealthView, WatchView
from monitoring.observed import Reach
from monitoring.parts import Part
from tests.unit.monitoring_noc.country import cut
from tests.unit.monitoring_noc.small import NOW, seen, small


class Meaning:
    """Stands where the incident engine does."""

    def __init__(self) -> None:
        self.known: tuple[Incident, ...] = ()

    def incidents(self) -> tuple[Incident, ...]:
        return self.known

    def acknowledge(self, incident: str, by: str, at: float) -> None:
        raise LookupError(incident, by, at)

    def watch(self) -> tuple[WatchView, ...]:
        return ()

    def health(self) -> tuple[HealthView, ...]:
        return ()


def test_a_step_is_shown_at_once_if_it_differs_and_not_every_second_if_not(tmp_path: Path) -> None:
    meaning, topology = Meaning(), small()
    page = NocPart(Settings(listen=("127.0.0.1", 0), state=tmp_path), meaning)
    part: Part = page
    board = page.board

    part.step(topology, seen(topology), ())
    part.step(topology, replace(seen(topology), at=NOW + 1), ())
    quiet = board.now
    meaning.known = (cut(("kedougou",), segments=("tamba-kedougou",)),)
    part.step(topology, replace(seen(topology, ("kedougou", "", Reach.DOWN)), at=NOW + 2), ())
    told = board.now
    part.stop()

    assert quiet is not None
    assert told is not None
    assert (quiet.beat, quiet.view.at) == (1, NOW)
    assert (told.beat, len(told.view.incidents)) == (2, 1)
    assert list(part.blocks()) == []
    assert part.routes() == {}
