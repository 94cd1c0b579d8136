"""ONTs as samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from monitoring import families
from monitoring.book import Book
from monitoring.exposition import Block, Family, block
from monitoring.observed import OntState, Reach
from monitoring.topology import Topology

_GAUGES: tuple[tuple[Family, Callable[[OntState], float | None]], ...] = (
    (families.ONT_UP, lambda ont: None if ont.reach is Reach.UNKNOWN else float(ont.reach is Reach.UP)),
    (families.ONT_DOWN_AT, lambda ont: ont.last_down_at),
    (families.ONT_GASP_AT, lambda ont: ont.last_gasp_at),
    (families.ONT_DISTANCE, lambda ont: ont.distance_m),
    (families.OLT_RX_POWER, lambda ont: ont.olt_rx_dbm),
)


class OntBlocks:
    """The blocks of every ONT."""

    def __init__(self, book: Book, topology: Callable[[], Topology]) -> None:
        self._book = book
        self._topology = topology

    def __call__(self) -> Iterator[Block]:
        """Yield what the OLTs last said."""
        onts = {(ont.olt, ont.pon, str(ont.number)): ont for ont in list(self._book.onts.values())}
        for family, value in _GAUGES:
            told = ((labels, value(ont)) for labels, ont in onts.items())
            yield block(family, {labels: number for labels, number in told if number is not None})
        causes = {(*labels, str(ont.last_down_cause)): 1.0 for labels, ont in onts.items() if ont.last_down_cause is not None}
        yield block(families.ONT_CAUSE, causes)
        fed = ((site.name, site.ont) for site in self._topology().sites)
        yield block(families.ONT_INFO, {(ont.olt, ont.pon, str(ont.number), site): 1.0 for site, ont in fed if ont is not None})
