"""The values of files that were read before, by the hash of their content: an unchanged file is not parsed again.

Only values are kept, in JSON: validation and every check across files are done each time. A cache that cannot be read
or written costs time and nothing else.
"""

from __future__ import annotations

import json
import logging
from hashlib import sha256
from pathlib import Path

from provisioner.load.document import Value

log = logging.getLogger(__name__)

_READING = 1  # raise it when a change of document.py gives another value for the same text


class ValueCache:
    """The values of one inventory. Without a folder it keeps them for this run alone."""

    def __init__(self, folder: Path | None, inventory: Path) -> None:
        """Open the cache of an inventory's folder."""
        name = sha256(str(inventory.resolve()).encode()).hexdigest()[:16]
        self._file = folder / f"values-{_READING}-{name}.json" if folder else None
        self._known = self._read()
        self._used: dict[str, Value] = {}

    def get(self, digest: str) -> dict[str, Value] | None:
        """Return the value of the file with this hash, or None."""
        value = self._known.get(digest)
        if not isinstance(value, dict):
            return None
        self._used[digest] = value
        return value

    def keep(self, digest: str, value: Value) -> None:
        """Keep the value of a file in which nothing was refused."""
        self._used[digest] = value

    def save(self) -> None:
        """Write what this run used, if it is not what is there already."""
        if self._file is None or self._used.keys() == self._known.keys():
            return
        new = self._file.with_suffix(".new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            new.write_text(json.dumps(self._used, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
            new.replace(self._file)
        except OSError as error:
            log.info("%s: %s", self._file, error)

    def _read(self) -> dict[str, Value]:
        if self._file is None:
            return {}
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
