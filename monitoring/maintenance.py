"""Announced work: a small file that people (or a planning tool) write and the exporter reads anew when it changes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from monitoring.observed import MaintenanceWindow
from monitoring.problems import Problem, ProblemsError
from monitoring.reading import Fields, parse_file

FORMAT = 1


def load(file: Path) -> tuple[MaintenanceWindow, ...]:
    """Return the windows of a file, none if there is no file. Raises ProblemsError with all its problems."""
    if not file.exists():
        return ()
    problems: list[Problem] = []
    fields = Fields(parse_file(file), file.name, problems)
    if fields.whole("format") != FORMAT:
        fields.problem("format", f"is not {FORMAT}")
    windows = fields.many("windows", _window)
    fields.done()
    if problems:
        raise ProblemsError(problems)
    return windows


def _window(fields: Fields) -> MaintenanceWindow:
    start, end = _moment(fields, "start"), _moment(fields, "end")
    if end <= start:
        fields.problem("end", "is not after its start")
    window = MaintenanceWindow(
        id=fields.text("id"),
        start=start,
        end=end,
        sites=frozenset(fields.texts("sites")),
        segments=frozenset(fields.texts("segments")),
        reason=fields.text_or_none("reason") or "",
        announced_by=fields.text_or_none("announced_by") or "",
    )
    if not window.sites and not window.segments:
        fields.problem("sites", "no site and no segment is named", "name what the work touches")
    return window


def _moment(fields: Fields, key: str) -> float:
    """Return a moment written as ISO 8601; without an offset it is UTC, Senegal's time."""
    text = fields.text(key)
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        moment = None
        fields.problem(key, f"{text} is no moment", "2026-11-25T22:00:00Z")
    if moment is None:
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
