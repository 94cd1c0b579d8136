"""What a page of 33 000 samples costs: ours against a collector of client_python that yields the same, in one run."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitoring import families
from monitoring.blocks.onts import OntBlocks
from monitoring.blocks.optics import OpticsBlocks
from monitoring.book import Book
from monitoring.exposition import Block, Form, histogram_values, page
from monitoring.observed import OntState, OpticsReading, Reach, Validity
from monitoring.topology import Topology
from monitoring.topology_file import loads
from tests.bench.many_sites import topology

_SITES, _BEST_OF = 557, 7
_BUCKETS = (0, 0, 5, 900, 80, 10, 3, 1, 1, 0, 0, 0, 0)


def _book(watched: Topology) -> Book:
    book = Book()
    for site in watched.sites:
        if site.ont is None:
            continue
        olt, pon, number = site.ont.olt, site.ont.pon, site.ont.number
        reading = OpticsReading(device=olt, port=pon, lane=number, at=1.8e9, validity=Validity.OK, rx_dbm=-19.53, tx_dbm=2.31)
        book.note_optics([reading])
        book.note_ont(OntState(olt=olt, pon=pon, number=number, at=1.8e9, reach=Reach.UP, olt_rx_dbm=-23.1, distance_m=4125.0))
    return book


def _probes(labels: list[tuple[str, str]]) -> Callable[[], Iterator[Block]]:
    """Return what the prober's blocks are: heads made before, values when asked for."""
    counters = (families.PROBE_SENT, families.PROBE_LOST, families.PROBE_DUPLICATES, families.PROBE_SEND_ERRORS, families.PROBE_LATE)
    gauges = (families.PROBE_RTT_MIN, families.SITE_UP)
    heads = {family: [family.head(values) for values in labels] for family in (*counters, *gauges)}
    times = [head for values in labels for head in families.PROBE_RTT.histogram_heads(values)]

    def blocks() -> Iterator[Block]:
        for family in counters:
            yield Block(family, heads[family], [123_456] * len(labels))
        for family in gauges:
            yield Block(family, heads[family], [0.0123] * len(labels))
        yield Block(families.PROBE_RTT, times, [value for _ in labels for value in histogram_values(_BUCKETS, 12.5)])

    return blocks


class _Peer(Collector):
    """Yields the same samples as client_python's own way has it."""

    def __init__(self, rows: Mapping[str, tuple[tuple[str, ...], list[tuple[tuple[str, ...], float]]]]) -> None:
        self._rows = rows

    def collect(self) -> Iterator[Metric]:
        for name, (labels, samples) in self._rows.items():
            family = GaugeMetricFamily(name, "The same.", labels=labels)
            for values, value in samples:
                family.add_metric(values, value)
            yield family


def _rows(blocks: list[Block]) -> Mapping[str, tuple[tuple[str, ...], list[tuple[tuple[str, ...], float]]]]:
    rows: dict[str, tuple[tuple[str, ...], list[tuple[tuple[str, ...], float]]]] = {}
    for block in blocks:
        for head, value in zip(block.heads, block.values, strict=True):
            name, _, rest = head.rstrip().partition("{")
            pairs = [pair.partition("=") for pair in rest.rstrip("}").split(",")]
            labels, values = tuple(pair[0] for pair in pairs), tuple(pair[2].strip('"') for pair in pairs)
            rows.setdefault(name, (labels, []))[1].append((values, value))
    return rows


def _best(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(_BEST_OF):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def measure() -> Mapping[str, float]:
    """Return CPU seconds of a page of both, their ratio, samples and bytes."""
    watched = loads(topology(_SITES))
    book = _book(watched)
    labels = [(site.name, path.id) for site in watched.sites for path in site.paths]
    sources = (_probes(labels), OpticsBlocks(book, lambda: watched), OntBlocks(book, lambda: watched))

    def blocks() -> list[Block]:
        return [block for source in sources for block in source()]

    made = page(blocks(), Form.TEXT)
    registry = CollectorRegistry()
    registry.register(_Peer(_rows(blocks())))
    ours, peer = _best(lambda: page(blocks(), Form.TEXT)), _best(lambda: generate_latest(registry))
    packer = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return {
        "cpu_seconds_per_page": ours,
        "client_python_cpu_seconds_per_page": peer,
        "client_python_to_ours_ratio": peer / ours,
        "samples": sum(not line.startswith(b"#") for line in made.splitlines()),
        "gzip_bytes": len(packer.compress(made) + packer.flush()),
    }
