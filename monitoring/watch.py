"""Reading a file anew when it changed; one that cannot be read leaves what was there."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

from monitoring import families
from monitoring.exposition import Block, block
from monitoring.problems import ProblemsError

log = logging.getLogger(__name__)

Read = TypeVar("Read")


class Watched(Generic[Read]):
    """What a file holds, as last read without a problem. Raises ProblemsError only the first time."""

    def __init__(self, file: Path, read: Callable[[Path], Read]) -> None:
        self._file = file
        self._read = read
        self._seen = self._mark()
        self.value = read(file)
        self.outcomes: Counter[str] = Counter(taken=1, refused=0)

    def _mark(self) -> tuple[int, int, int]:
        try:
            found = self._file.stat()
        except OSError:
            return 0, 0, 0
        return found.st_mtime_ns, found.st_ino, found.st_size

    def again(self, *, forced: bool = False) -> bool:
        """Read the file if it changed; tell whether `value` is new."""
        mark = self._mark()
        if mark == self._seen and not forced:
            return False
        self._seen = mark
        try:
            self.value = self._read(self._file)
        except ProblemsError as error:
            self.outcomes["refused"] += 1
            log.error("%s: kept as it was: %s", self._file.name, error)  # noqa: TRY400 - its text says all
            return False
        self.outcomes["taken"] += 1
        log.info("%s: taken anew", self._file.name)
        return True

    def __call__(self) -> Iterator[Block]:
        """Yield how often the file was taken or refused."""
        yield block(families.RELOADS, {(outcome,): count for outcome, count in self.outcomes.items()})
