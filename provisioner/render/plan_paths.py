"""Paths into a plan in people's words: `guests.database.memory`, `zones.terminals.prefix`. Lists are entered by name, id or number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from provisioner.errors import Problem, UsageError
from provisioner.load.nearest import hint as nearest

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Path = tuple[str, ...]

_KEYS = ("id", "name", "index", "site", "zone", "path")


def members(value: Json) -> dict[str, Json]:
    """Return what can be entered below a value, by the word that enters it; nothing below a plain value."""
    if isinstance(value, dict):
        return dict(value)
    if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
        return {}
    named: dict[str, Json] = {}
    for one in value:
        named[_name(one, value)] = one
    return named


def _name(one: Json, among: list[Json]) -> str:
    """Return what names an element: its id, name or number; a device also its zone where two zones have one of that name."""
    key = next((key for key in _KEYS if isinstance(one, dict) and key in one), None)
    if key is None or not isinstance(one, dict):
        return str(among.index(one))
    twins = sum(1 for other in among if isinstance(other, dict) and other.get(key) == one[key])
    return f"{one['zone']}/{one[key]}" if twins > 1 and "zone" in one else str(one[key])


def find(tree: Mapping[str, Json], text: str) -> tuple[Path, Json]:
    """Return the path as steps, and the value there; raise UsageError with the words that would lead on.

    A step may hold dots (`records.etat-civil.kedougou.teranga.internal.address`): the longest member that fits is taken.
    """
    value: Json = dict(tree)
    rest, steps = text.strip("."), list[str]()
    while rest:
        inside = members(value)
        fitting = [name for name in inside if rest == name or rest.startswith(f"{name}.")]
        if not fitting:
            word = rest.split(".")[0]
            what = f"the plan has no `{word}` in `{'.'.join(steps)}`" if steps else f"the plan has no `{word}`"
            raise UsageError(Problem(where=text, what=what, hint=nearest(word, inside)))
        name = max(fitting, key=len)
        steps.append(name)
        value, rest = inside[name], rest[len(name) + 1 :]
    return tuple(steps), value


def leaves(path: Path, value: Json) -> Iterator[tuple[Path, Json]]:
    """Yield every plain value at or below a path, in the order of the plan."""
    inside = members(value)
    if not inside:
        yield path, value
    for name, below in inside.items():
        yield from leaves((*path, name), below)
