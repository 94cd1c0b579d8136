"""The engine's memory on disk: written whole or not at all, read strictly, set aside if it cannot be read."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from pathlib import Path

from monitoring import kept
from monitoring.incidents.engine import Memory
from monitoring.incidents.incident import Acknowledgement, Cause, Confidence, Evidence, Incident, Kind, Stage
from monitoring.problems import Problem, ProblemsError
from monitoring.reading import Fields, parse_file

log = logging.getLogger(__name__)

FORMAT = 1


def save(file: Path, memory: Memory) -> None:
    """Write the incidents beside the file, then in its place: a kill leaves the old or the new. Raises OSError."""
    text = json.dumps({"format": FORMAT, "at": memory.at, "incidents": [asdict(one) for one in memory.incidents]}, ensure_ascii=False)
    kept.write(file, text)


def load(file: Path) -> Memory:
    """Return what was kept, nothing if there is no file. One that cannot be read is set aside as `*.unreadable`."""
    if not file.exists():
        return Memory()
    try:
        return _memory(parse_file(file), file.name)
    except ProblemsError as error:
        aside = file.with_name(f"{file.name}.unreadable")
        file.replace(aside)
        log.warning("%s: begun anew, the old one is %s: %s", file, aside.name, error)
        return Memory()


def _memory(raw: object, where: str) -> Memory:
    problems: list[Problem] = []
    fields = Fields(raw, where, problems)
    if fields.whole("format") != FORMAT:
        fields.problem("format", f"is not {FORMAT}")
    memory = Memory(at=fields.number("at"), incidents=fields.many("incidents", _incident))
    fields.done()
    if problems:
        raise ProblemsError(problems)
    return memory


def _incident(fields: Fields) -> Incident:
    return Incident(
        id=fields.text("id"),
        kind=fields.word("kind", Kind),
        title=fields.text("title"),
        segments=fields.texts("segments"),
        either=fields.flag("either"),
        sites=fields.texts("sites"),
        weakened=fields.texts("weakened"),
        cause=fields.word("cause", Cause),
        confidence=fields.word("confidence", Confidence),
        evidence=fields.many("evidence", _evidence),
        action=fields.text("action"),
        opened=fields.number("opened"),
        updated=fields.number("updated"),
        stage=fields.word("stage", Stage),
        recovered=fields.number_or_none("recovered"),
        closed=fields.number_or_none("closed"),
        flaps=fields.whole("flaps"),
        kilometre=fields.number_or_none("kilometre"),
        acknowledged=_acknowledgement(fields.inner_or_none("acknowledged")),
    )


def _evidence(fields: Fields) -> Evidence:
    return Evidence(text=fields.text("text"), at=fields.number_or_none("at"))


def _acknowledgement(fields: Fields | None) -> Acknowledgement | None:
    if fields is None:
        return None
    found = Acknowledgement(by=fields.text("by"), at=fields.number("at"))
    fields.done()
    return found
