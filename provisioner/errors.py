"""Every exception that Teranga raises on purpose, and the shape of a problem.

TerangaError                exit status 3
├── UsageError              2: the command was called wrongly
├── FindingError            1: problems a person can mend in a file, a plan or a site
│   └── InventoryError         problems of the inventory, with their places
├── OutsideError            3: another system failed or refused
│   ├── CommandError           a program ended with an error or too late
│   └── ApiError               an HTTP interface answered with an error
└── InterruptedRunError     130: stopped by the user; the next run goes on
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """One thing that is wrong: its place, what it is, and how to mend it."""

    where: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        """Return `where: what (hint: remedy)`."""
        return f"{self.where}: {self.what}" + (f" (hint: {self.hint})" if self.hint else "")


class TerangaError(Exception):
    """Base of all; carries its problems and the exit status of the command line."""

    exit_status = 3

    def __init__(self, *problems: Problem) -> None:
        """Keep every problem, in the order given."""
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class UsageError(TerangaError):
    """The command was called wrongly."""

    exit_status = 2


class FindingError(TerangaError):
    """Something that a person can mend in a file, a plan or at a site."""

    exit_status = 1


class InventoryError(FindingError):
    """Problems of the inventory, each with file, line and column."""


class OutsideError(TerangaError):
    """Another system failed or refused."""


class CommandError(OutsideError):
    """A program ended with an error or did not end in time."""


class ApiError(OutsideError):
    """An HTTP interface answered with an error."""


class InterruptedRunError(TerangaError):
    """The user stopped the run; the next one goes on where it was."""

    exit_status = 130


def raise_all(kind: type[TerangaError], problems: Iterable[Problem]) -> None:
    """Raise `kind` with all problems at once; return if there are none."""
    found = tuple(problems)
    if found:
        raise kind(*found)
