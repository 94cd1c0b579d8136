"""Sentences that were made in English with values in them, said in the language of the reader.

The pure layers and the adapters know one language. A sentence is found again by its template in the catalogue
(`the API does not answer: {error}`); its values are taken over, and said in the language where they are sentences too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

from provisioner.errors import Problem
from provisioner.language.catalogue import language, messages

_FIELD = re.compile(r"\{(\w*)[^}]*\}")
_DEEPEST = 4
_MARGIN = re.compile(r"^(\s*)(.*?)(\s*)$", re.DOTALL)


def translate(text: str) -> str:
    """Return a text in the reader's language, line by line; what the catalogue does not hold stays as it is."""
    code = language()
    if code == "en":
        return text
    whole = _said(text, code, 0)
    return whole if whole is not None else "\n".join(_line(line, code) for line in text.split("\n"))


def problem(one: Problem) -> str:
    """Return a problem in the reader's language; its place stays, so that editors still find it."""
    code = language()
    if code == "en":
        return str(one)
    hint = messages(code).get("hint", "hint")
    return f"{one.where}: {translate(one.what)}" + (f" ({hint}{_colon(code)} {translate(one.hint)})" if one.hint else "")


def _colon(code: str) -> str:
    """Return the colon with the space that French sets before it."""
    return "\u00a0:" if code == "fr" else ":"


def _line(line: str, code: str) -> str:
    match = _MARGIN.match(line)
    if match is None:
        return line
    before, inner, after = match.groups()
    said = _said(inner, code, 0)
    return line if said is None else before + said + after


def _said(text: str, code: str, depth: int) -> str | None:
    """Return the text in the language, None if no message fits."""
    known = messages(code)
    if not text.strip():
        return None
    if text in known:
        return known[text]
    if depth > _DEEPEST:
        return None
    for template in _templates(code):
        values = template.values(text)
        if values is not None:
            said = {name: value if name in template.quoted else _value(value, code, depth + 1) for name, value in values.items()}
            return _FIELD.sub(lambda field: said.get(field.group(1), field.group()), known[template.english])  # noqa: B023  used at once
    return None


def _value(text: str, code: str, depth: int) -> str:
    said = _said(text, code, depth)
    return text if said is None else said


class _Template:
    """A message with fields: the text around them is what it is known by."""

    def __init__(self, english: str) -> None:
        """Keep the words around the fields; the pattern is made when they are all there."""
        self.english = english
        self.around = [part for part in _FIELD.split(english)[::2] if part]
        self.names = [match.group(1) for match in _FIELD.finditer(english)]
        inside = {match.group(1) for match in _FIELD.finditer(english) if english[: match.start()].count("`") % 2}
        self.quoted = frozenset(inside)  # between backticks: people's own words
        self.weight = sum(len(part.replace(" ", "")) for part in self.around)
        self._pattern: re.Pattern[str] | None = None

    def values(self, text: str) -> Mapping[str, str] | None:
        """Return the value of each field, None if the text is another message."""
        if any(part not in text for part in self.around):
            return None
        if self._pattern is None:
            parts = _FIELD.split(self.english)
            self._pattern = re.compile("(.*?)".join(re.escape(part) for part in parts[::2]), re.DOTALL)
        match = self._pattern.fullmatch(text)
        return None if match is None else dict(zip(self.names, match.groups(), strict=True))


@cache
def _templates(code: str) -> tuple[_Template, ...]:
    """Return the messages with fields, those with the most words of their own first."""
    return _sorted(english for english in messages(code) if _FIELD.search(english))


def _sorted(found: Iterable[str]) -> tuple[_Template, ...]:
    made = [_Template(english) for english in found]
    return tuple(sorted(made, key=lambda template: (-template.weight, template.english)))
