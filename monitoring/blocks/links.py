"""Interfaces, and the clocks of their devices, as samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from monitoring import families
from monitoring.book import Book
from monitoring.exposition import Block, Family, block
from monitoring.measures.snmp.counters import LinkReading, Tally


def _total(tally: Tally | None) -> float | None:
    return None if tally is None else tally.total


_SAMPLES: tuple[tuple[Family, tuple[str, ...], Callable[[LinkReading], float | None]], ...] = (
    (families.LINK_RECEIVED, (), lambda link: _total(link.received)),
    (families.LINK_SENT, (), lambda link: _total(link.sent)),
    (families.LINK_ERRORS, ("in",), lambda link: _total(link.in_errors)),
    (families.LINK_ERRORS, ("out",), lambda link: _total(link.out_errors)),
    (families.LINK_SPEED, (), lambda link: link.bytes_per_second),
    (families.LINK_UP, (), lambda link: None if link.up is None else float(link.up)),
)


class LinkBlocks:
    """The blocks of every interface."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def __call__(self) -> Iterator[Block]:
        """Yield what the devices last said."""
        links = list(self._book.links.values())
        for family, more, value in _SAMPLES:
            told = (((link.device, link.port, *more), value(link)) for link in links)
            yield block(family, {labels: number for labels, number in told if number is not None})
        yield block(families.CLOCK_OFFSET, {(device,): offset for device, offset in list(self._book.clocks.items())})
