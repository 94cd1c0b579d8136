"""The last page: made from what was collected, never by collecting; one at a time, however many ask."""

from __future__ import annotations

import logging
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from monitoring.exposition import Block, Form, page

log = logging.getLogger(__name__)

Source = Callable[[], Iterable[Block]]
_GZIP = 16 + zlib.MAX_WBITS
_LEVEL = 1  # 290 kB of 2.6 MB in 7 ms; level 6 saves a tenth and costs four times that


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A rendered page, plain and gzipped, and when it was made (monotonic seconds)."""

    made: float
    plain: bytes
    gzipped: bytes


class Pages:
    """Renders pages on demand, and hands the last one out while another scrape is having it rendered."""

    def __init__(self, sources: Sequence[Source], fresh_seconds: float = 0.5) -> None:
        self._sources = tuple(sources)
        self._fresh = fresh_seconds
        self._last: dict[Form, Page] = {}
        self._rendering = threading.Lock()

    def get(self, form: Form) -> Page:
        """Return a page at most `fresh_seconds` old, or the last one if somebody is at it."""
        last = self._last.get(form)
        if last is not None and time.monotonic() - last.made < self._fresh:
            return last
        if not self._rendering.acquire(blocking=last is None):
            return last or self.get(form)
        try:
            made = self._last[form] = self._render(form)
        finally:
            self._rendering.release()
        return made

    def _render(self, form: Form) -> Page:
        made = time.monotonic()
        plain = page(self._blocks(), form)
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        return Page(made=made, plain=plain, gzipped=packer.compress(plain) + packer.flush())

    def _blocks(self) -> Iterable[Block]:
        for source in self._sources:
            try:
                yield from tuple(source())
            except Exception:  # one source's fault must not cost the others their samples
                log.exception("page: %r gave nothing", source)
