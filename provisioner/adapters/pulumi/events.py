"""What the engine's child process tells while it works: one JSON object a line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What an event is about."""

    STARTED = "started"  # a resource is being changed
    DONE = "done"
    FAILED = "failed"
    MESSAGE = "message"  # a diagnostic of the engine, provider or program
    RESULT = "result"  # the last one: changes by kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event. `changes` counts resources by operation (create, update, replace, delete, same) and is set in the result."""

    kind: Kind
    operation: str = ""
    resource: str = ""  # type and name
    text: str = ""
    severity: str = ""
    changes: dict[str, int] | None = None


def to_line(event: Event) -> str:
    """Return the event as one line of JSON."""
    return json.dumps({key: value for key, value in asdict(event).items() if value not in ("", None)})


def from_line(line: str) -> Event | None:
    """Return the event of a line; None for a line that is none (output of a library)."""
    try:
        fields = json.loads(line)
        return Event(**(fields | {"kind": Kind(fields["kind"])}))
    except (ValueError, TypeError, KeyError):
        return None
