"""Reading JSON strictly: unknown keys, missing keys and wrong types all become problems, none stops the reading."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from ipaddress import IPv4Address
from pathlib import Path
from typing import TypeVar

from monitoring.problems import Problem, ProblemsError

Kind = TypeVar("Kind", bound=StrEnum)
Item = TypeVar("Item")


class Fields:
    """One JSON object while it is read; a value that cannot be read leaves a problem and a harmless stand-in."""

    def __init__(self, raw: object, where: str, problems: list[Problem]) -> None:
        """Take the object at `where`; problems are added to `problems`."""
        self.where = where
        self._problems = problems
        self._raw: Mapping[str, object] = raw if isinstance(raw, dict) else {}
        self._asked: set[str] = set()
        if not isinstance(raw, dict):
            self._problems.append(Problem(where=where, what=f"an object was expected, not {_shown(raw)}"))
            self._missing_is_known = True
        else:
            self._missing_is_known = False

    def problem(self, key: str, what: str, hint: str = "") -> None:
        """Note a problem of one key."""
        self._problems.append(Problem(where=f"{self.where}.{key}", what=what, hint=hint))

    def _get(self, key: str, *, optional: bool = False) -> object:
        self._asked.add(key)
        if key not in self._raw and not optional and not self._missing_is_known:
            self.problem(key, "is missing")
        return self._raw.get(key)

    def _wrong(self, key: str, value: object, wanted: str) -> None:
        if value is not None or key in self._raw:
            self.problem(key, f"{wanted} was expected, not {_shown(value)}")

    def text(self, key: str) -> str:
        """Return a string that is not empty."""
        value = self._get(key)
        if isinstance(value, str) and value:
            return value
        self._wrong(key, value, "a text")
        return ""

    def text_or_none(self, key: str) -> str | None:
        """Return a string, or None where the key is absent, null or empty."""
        value = self._get(key, optional=True)
        if value is None or isinstance(value, str):
            return value or None
        self._wrong(key, value, "a text")
        return None

    def number(self, key: str) -> float:
        """Return a finite number."""
        value = self._get(key)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
        self._wrong(key, value, "a number")
        return 0.0

    def number_or_none(self, key: str) -> float | None:
        """Return a finite number, or None where the key is absent or null."""
        self._asked.add(key)
        return None if self._raw.get(key) is None else self.number(key)

    def whole(self, key: str) -> int:
        """Return a whole number."""
        value = self._get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self._wrong(key, value, "a whole number")
        return 0

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self._get(key)
        if isinstance(value, bool):
            return value
        self._wrong(key, value, "true or false")
        return False

    def flag_or_none(self, key: str) -> bool | None:
        """Return true or false, or None where the key is absent or null."""
        self._asked.add(key)
        return None if self._raw.get(key) is None else self.flag(key)

    def address(self, key: str) -> IPv4Address:
        """Return an IPv4 address."""
        return self._address(key, self._get(key))

    def address_or_none(self, key: str) -> IPv4Address | None:
        """Return an IPv4 address, or None where the key is absent or null."""
        value = self._get(key, optional=True)
        return None if value is None else self._address(key, value)

    def _address(self, key: str, value: object) -> IPv4Address:
        try:
            if isinstance(value, str):
                return IPv4Address(value)
        except ValueError:
            pass
        self._wrong(key, value, "an IPv4 address")
        return IPv4Address(0)

    def word(self, key: str, kind: type[Kind]) -> Kind:
        """Return a member of an enumeration."""
        value = self._get(key)
        try:
            return kind(str(value))
        except ValueError:
            near = difflib.get_close_matches(str(value), list(kind), 1)
            if value is not None:
                hint = f"{near[0]}?" if near else f"one of {', '.join(kind)}"
                self.problem(key, f"{_shown(value)} is not known", hint)
            return next(iter(kind))

    def inner(self, key: str) -> Fields:
        """Return the object under a key."""
        return Fields(self._get(key), f"{self.where}.{key}", self._problems)

    def inner_or_none(self, key: str) -> Fields | None:
        """Return the object under a key, or None where it is absent or null."""
        value = self._get(key, optional=True)
        return None if value is None else Fields(value, f"{self.where}.{key}", self._problems)

    def many(self, key: str, read: Callable[[Fields], Item]) -> tuple[Item, ...]:
        """Return the objects of a list, each read by `read`; an absent list is empty."""
        found = []
        for number, raw in enumerate(self._list(key)):
            fields = Fields(raw, f"{self.where}.{key}[{number}]", self._problems)
            found.append(read(fields))
            fields.done()
        return tuple(found)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings; an absent list is empty."""
        found = []
        for number, value in enumerate(self._list(key)):
            if isinstance(value, str) and value:
                found.append(value)
            else:
                self.problem(f"{key}[{number}]", f"a text was expected, not {_shown(value)}")
        return tuple(found)

    def numbers(self, key: str) -> tuple[float, ...]:
        """Return a list of finite numbers; an absent list is empty."""
        found = []
        for number, value in enumerate(self._list(key)):
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                found.append(float(value))
            else:
                self.problem(f"{key}[{number}]", f"a number was expected, not {_shown(value)}")
        return tuple(found)

    def _list(self, key: str) -> list[object]:
        value = self._get(key, optional=True)
        if value is None or isinstance(value, list):
            return value or []
        self._wrong(key, value, "a list")
        return []

    def done(self) -> None:
        """Note every key that nobody asked for."""
        for key in sorted(self._raw.keys() - self._asked):
            near = difflib.get_close_matches(key, sorted(self._asked), 1)
            self.problem(key, "is not known", f"{near[0]}?" if near else "remove it")


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 40 else f"{text[:37]}..."  # noqa: PLR2004 - a line's worth


def parse(text: str, where: str) -> object:
    """Return what a JSON text holds; NaN and repeated keys are refused. Raises ProblemsError with the line."""

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _ in pairs]
            twice = sorted({name for name in names if names.count(name) > 1})
            raise ProblemsError([Problem(where=where, what=f"{', '.join(twice)} stands twice in one object")])
        return found

    def refuse(constant: str) -> object:
        raise ProblemsError([Problem(where=where, what=f"{constant} is not a number")])

    try:
        raw: object = json.loads(text, object_pairs_hook=once, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise ProblemsError([Problem(where=f"{where}:{error.lineno}:{error.colno}", what=error.msg)]) from error
    return raw


def parse_file(file: Path) -> object:
    """Return what a JSON file holds. Raises ProblemsError."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProblemsError([Problem(where=str(file), what=f"cannot be read: {error}")]) from error
    return parse(text, str(file))
