"""Probes as samples. Heads are rendered when the targets change, values when the page is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from monitoring import families
from monitoring.exposition import Block, Family, block, histogram_values, single
from monitoring.measures.prober import Prober, ProbeTarget
from monitoring.measures.track import Counts
from monitoring.observed import Reach
from monitoring.targets import REFERENCE

_COUNTERS: tuple[tuple[Family, Callable[[Counts], float]], ...] = (
    (families.PROBE_SENT, lambda counts: counts.sent),
    (families.PROBE_LOST, lambda counts: counts.lost),
    (families.PROBE_DUPLICATES, lambda counts: counts.duplicates),
    (families.PROBE_SEND_ERRORS, lambda counts: counts.send_errors),
    (families.PROBE_LATE, lambda counts: counts.late),
)


class ProbeBlocks:
    """The blocks of one prober."""

    def __init__(self, prober: Prober, blind: Callable[[], str] = str) -> None:
        """Take the prober, and who tells why our own side cannot see (empty if it can)."""
        self._prober = prober
        self._blind = blind
        self._targets: tuple[ProbeTarget, ...] = ()
        self._heads: dict[Family, list[str]] = {}

    def __call__(self) -> Iterator[Block]:
        """Yield what the prober knows now."""
        counted = self._prober.counts()
        targets = tuple(target for target, _ in counted)
        if targets != self._targets or not self._heads:
            self._render(targets)
        counts = [count for _, count in counted]
        for family, value in _COUNTERS:
            yield Block(family, self._heads[family], [value(count) for count in counts])
        yield self._times(counts)
        yield self._least(counts)
        yield self._jitter()
        yield self._up()
        yield single(families.REPLIES_DROPPED, self._prober.dropped())
        yield single(families.PROBER_STALLS, self._prober.stalls)

    def _render(self, targets: Sequence[ProbeTarget]) -> None:
        labels = [(target.site, target.label) for target in targets]
        for family in (*(family for family, _ in _COUNTERS), families.PROBE_RTT_MIN):
            self._heads[family] = [family.head(values) for values in labels]
        self._heads[families.PROBE_RTT] = [head for values in labels for head in families.PROBE_RTT.histogram_heads(values)]
        self._targets = tuple(targets)

    def _times(self, counts: Sequence[Counts]) -> Block:
        values: list[float] = []
        for count in counts:
            values += histogram_values(count.buckets, count.rtt_sum)
        return Block(families.PROBE_RTT, self._heads[families.PROBE_RTT], values)

    def _least(self, counts: Sequence[Counts]) -> Block:
        heads = self._heads[families.PROBE_RTT_MIN]
        there = [(head, count.rtt_min) for head, count in zip(heads, counts, strict=True) if count.rtt_min is not None]
        return Block(families.PROBE_RTT_MIN, [head for head, _ in there], [value for _, value in there])

    def _jitter(self) -> Block:
        told = (((one.site, one.path), one.rtt_min, one.rtt_p99) for one in self._prober.samples())
        known = {labels: most - least for labels, least, most in told if least is not None and most is not None}
        return block(families.PROBE_JITTER, known)

    def _up(self) -> Block:
        if self._blind():
            return Block(families.SITE_UP, (), ())  # unknown, never down
        # By path, not by host: a host behind the router that is silent while the router answers is no path that is down.
        known = [state for state in self._prober.states() if state.reach is not Reach.UNKNOWN and state.path != REFERENCE]
        heads = [families.SITE_UP.head((state.site, state.path)) for state in known]
        return Block(families.SITE_UP, heads, [float(state.reach is Reach.UP) for state in known])
