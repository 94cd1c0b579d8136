"""Values that may be used once."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from provisioner.errors import Problem
from provisioner.load.document import Document


class Once:
    """Remembers who used a value first and reports each later use."""

    def __init__(self, kind: str, hint: str) -> None:
        """Name what is unique (`slot`) and the remedy when it is not."""
        self._kind = kind
        self._hint = hint
        self._first: dict[Hashable, tuple[Document, tuple[str | int, ...]]] = {}

    def use(self, value: Hashable, document: Document, loc: tuple[str | int, ...]) -> Iterator[Problem]:
        """Yield a problem if `value` was used before."""
        if first := self._first.get(value):
            where = first[0].place(first[1])
            yield document.problem(loc, f"{self._kind} {value} is taken at {where}", self._hint)
        else:
            self._first[value] = (document, loc)
