"""What a store of records is: the seam between the application and the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class UnavailableError(Exception):
    """The database cannot be reached or does not answer."""


@dataclass(frozen=True)
class Stored:
    """A record that is in the database. `created` is aware."""

    id: int
    fields: Mapping[str, str]
    created: datetime


class Store(Protocol):
    """Where records are kept."""

    def check(self) -> None:
        """Raise UnavailableError unless the database answers."""

    def add(self, fields: Mapping[str, str]) -> Stored:
        """Store a valid record."""

    def find(self, words: str, limit: int, before: int | None) -> list[Stored]:
        """Return records that hold the words, newest first, those with an id below `before`."""

    def get(self, identity: int) -> Stored | None:
        """Return one record, or None."""
