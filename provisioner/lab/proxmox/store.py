"""The state of the API: JSON documents by kind and key in one SQLite file, which survives a restart and a kill."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provisioner.lab.proxmox.values import Document

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA busy_timeout = 5000;
CREATE TABLE IF NOT EXISTS document (
    kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, key));
CREATE TABLE IF NOT EXISTS task (
    upid TEXT PRIMARY KEY, node TEXT NOT NULL, pid INTEGER NOT NULL, pstart INTEGER NOT NULL, starttime INTEGER NOT NULL,
    type TEXT NOT NULL, id TEXT NOT NULL, user TEXT NOT NULL, endtime INTEGER, exitstatus TEXT);
CREATE TABLE IF NOT EXISTS task_line (upid TEXT NOT NULL, n INTEGER NOT NULL, t TEXT NOT NULL, PRIMARY KEY (upid, n));
"""


class Store:
    """Documents by kind and key. Safe for several threads; another process may add nodes while the server runs."""

    def __init__(self, file: Path) -> None:
        """Open or make the file."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self._depth = 0
        self.connection = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self.connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all reads and writes inside one step; nothing is kept if an exception leaves it."""
        with self.lock:
            if self._depth == 0:
                self.connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self.connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self.connection.execute("COMMIT")

    def get(self, kind: str, key: str) -> Document | None:
        """Return a document, or None."""
        with self.lock:
            row = self.connection.execute("SELECT value FROM document WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return None if row is None else _document(row[0])

    def put(self, kind: str, key: str, document: Document) -> None:
        """Write a document; one that exists keeps its place in the order."""
        with self.lock:
            self.connection.execute(
                "INSERT INTO document VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value",
                (kind, key, json.dumps(document)),
            )

    def delete(self, kind: str, key: str) -> bool:
        """Remove a document; return whether it was there."""
        with self.lock:
            return self.connection.execute("DELETE FROM document WHERE kind = ? AND key = ?", (kind, key)).rowcount > 0

    def items(self, kind: str, prefix: str = "") -> list[tuple[str, Document]]:
        """Return the keys and documents of a kind in the order they were made, those whose key begins with `prefix`."""
        with self.lock:
            rows = self.connection.execute(
                "SELECT key, value FROM document WHERE kind = ? AND substr(key, 1, ?) = ? ORDER BY rowid", (kind, len(prefix), prefix)
            ).fetchall()
        return [(key, _document(value)) for key, value in rows]

    def keys(self, kind: str, prefix: str = "") -> list[str]:
        """Return the keys of a kind in the order they were made."""
        return [key for key, _ in self.items(kind, prefix)]


def _document(text: str) -> Document:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise TypeError(text)
    return value
