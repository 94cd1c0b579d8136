"""The records in PostgreSQL. Connection parameters come from the environment (libpq, PGHOST and the like)."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import psycopg2
import psycopg2.extensions
import psycopg2.extras

from .record import pattern, searchable
from .stored import Stored, UnavailableError

_TABLE = """
CREATE TABLE IF NOT EXISTS fiches (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    champs jsonb NOT NULL,
    recherche text NOT NULL,
    creee_le timestamptz NOT NULL DEFAULT now()
)
"""
_CONNECTIONS = 4
_WAIT_SECONDS = 10.0


class PostgresStore:
    """A few connections, opened when needed and thrown away when they fail."""

    def __init__(self, parameters: str = "") -> None:
        """Keep libpq's connection string; empty: all from the environment."""
        self._parameters = parameters
        self._free: list[psycopg2.extensions.connection] = []
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(_CONNECTIONS)

    def check(self) -> None:
        """Raise UnavailableError unless the database answers."""
        with self._cursor() as cursor:
            cursor.execute("SELECT 1")

    def add(self, fields: Mapping[str, str]) -> Stored:
        """Store a valid record."""
        with self._cursor() as cursor:
            cursor.execute(
                "INSERT INTO fiches (champs, recherche) VALUES (%s, %s) RETURNING id, champs, creee_le",
                (psycopg2.extras.Json(dict(fields)), searchable(fields)),
            )
            return _stored(cursor.fetchone())

    def find(self, words: str, limit: int, before: int | None) -> list[Stored]:
        """Return records that hold the words, newest first, those with an id below `before`."""
        with self._cursor() as cursor:
            cursor.execute(
                "SELECT id, champs, creee_le FROM fiches WHERE recherche LIKE %s"
                " AND (%s::bigint IS NULL OR id < %s) ORDER BY id DESC LIMIT %s",
                (pattern(words), before, before, limit),
            )
            return [_stored(row) for row in cursor.fetchall()]

    def get(self, identity: int) -> Stored | None:
        """Return one record, or None."""
        with self._cursor() as cursor:
            cursor.execute("SELECT id, champs, creee_le FROM fiches WHERE id = %s", (identity,))
            row = cursor.fetchone()
            return _stored(row) if row else None

    @contextmanager
    def _cursor(self) -> Iterator[psycopg2.extensions.cursor]:
        """Lend a cursor in a transaction of its own."""
        if not self._room.acquire(timeout=_WAIT_SECONDS):
            raise UnavailableError("every connection is busy")
        try:
            connection = self._connection()
            try:
                with connection, connection.cursor() as cursor:
                    yield cursor
            except psycopg2.Error:
                connection.close()
                raise
            with self._lock:
                self._free.append(connection)
        except psycopg2.Error as error:
            raise UnavailableError(str(error).strip()) from error
        finally:
            self._room.release()

    def _connection(self) -> psycopg2.extensions.connection:
        with self._lock:
            if self._free:
                return self._free.pop()
        connection = psycopg2.connect(self._parameters, options="-c statement_timeout=10000")
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(1)")  # two workers must not both make the table
            cursor.execute(_TABLE)
        return connection


def _stored(row: tuple[int, Mapping[str, str], datetime] | None) -> Stored:
    if row is None:
        raise UnavailableError("the database returned no row")
    return Stored(*row)
