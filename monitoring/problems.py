"""What is wrong with a file or a setting: its place, what it is, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """One thing that is wrong."""

    where: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        """Return `where: what (hint: remedy)`."""
        return f"{self.where}: {self.what}" + (f" (hint: {self.hint})" if self.hint else "")


class ProblemsError(Exception):
    """Problems that a person can mend, all of them at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep every problem, in the order given."""
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
