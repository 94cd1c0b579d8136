"""The board: the newest view, and a way to wait for the next one. One writer, any number of readers."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from monitoring.noc.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A view and two counters: `beat` rises with each view, `serial` only if it shows something new."""

    view: View
    beat: int
    serial: int


class Board:
    """Holds what is shown now."""

    def __init__(self) -> None:
        """Begin with nothing posted."""
        self._news = threading.Condition()
        self._posted: Posted | None = None
        self._closed = False

    def post(self, view: View) -> None:
        """Show this view from now on."""
        with self._news:
            before = self._posted
            fresh = before is None or replace(before.view, at=view.at) != view
            beat, serial = (before.beat, before.serial) if before is not None else (0, 0)
            self._posted = Posted(view=view, beat=beat + 1, serial=serial + fresh)
            self._news.notify_all()

    def close(self) -> None:
        """Let everyone who waits go."""
        with self._news:
            self._closed = True
            self._news.notify_all()

    @property
    def now(self) -> Posted | None:
        """What is shown, or None before the first view."""
        with self._news:
            return self._posted

    @property
    def closed(self) -> bool:
        """Whether nothing will come any more."""
        return self._closed

    def wait(self, beat: int, seconds: float) -> Posted | None:
        """Return what is shown once it is newer than a beat; None if that did not happen in time, or the board is closed."""
        with self._news:
            self._news.wait_for(lambda: self._closed or (self._posted is not None and self._posted.beat > beat), timeout=seconds)
            newer = self._posted if self._posted is not None and self._posted.beat > beat else None
            return None if self._closed else newer
