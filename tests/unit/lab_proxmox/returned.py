"""Whether an answer has the type that Proxmox's schema says; booleans are numbers there, and what it does not describe is free."""

from __future__ import annotations

import re
from collections.abc import Iterator

Json = object
_NUMERIC = re.compile(r"-?\d+(\.\d+)?\Z")


def _fits(value: Json, kind: str) -> bool:
    match kind:
        case "null":
            return value is None
        case "string":
            return isinstance(value, str | int | float) and not isinstance(value, bool)  # Perl gives a number where a text is one
        case "integer" | "number" | "boolean":
            return isinstance(value, int | float) or (isinstance(value, str) and bool(_NUMERIC.match(value)))
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case _:
            return True


def mistyped(place: str, value: Json, schema: Json) -> Iterator[str]:
    """Yield each place of a value whose type is not the schema's, and each property that lacks though it is not optional."""
    kind = schema.get("type") if isinstance(schema, dict) else None
    if not isinstance(schema, dict) or not isinstance(kind, str) or (value is None and schema.get("optional")):
        return
    if not _fits(value, kind):
        yield f"{place} is {type(value).__name__}, not {kind}"
    elif isinstance(value, list):
        for item in value:
            yield from mistyped(f"{place}[]", item, schema.get("items"))
    elif isinstance(value, dict):
        yield from _properties(place, value, schema.get("properties") or {})


def _properties(place: str, value: dict[str, Json], schema: dict[str, Json]) -> Iterator[str]:
    for name, inner in schema.items():
        if name in value:
            yield from mistyped(f"{place}.{name}", value[name], inner)
        elif isinstance(inner, dict) and not inner.get("optional") and "[n]" not in name:
            yield f"{place}.{name} is absent"
