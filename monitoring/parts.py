"""What can be plugged into the exporter: a part looks at what was observed, and adds samples and pages of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from monitoring.exposition import Block
from monitoring.observed import Observed, PathSample
from monitoring.topology import Topology
from monitoring.web import Route


class Part(Protocol):
    """One part. `step` is called about once a second from one thread; the others from any."""

    def step(self, topology: Topology, observed: Observed, samples: tuple[PathSample, ...]) -> None:
        """Look at the present; `samples` are the paths' last whole period, the same ones until the next is over."""

    def blocks(self) -> Iterable[Block]:
        """Return this part's samples."""

    def routes(self) -> Mapping[str, Route]:
        """Return this part's pages by exact path."""

    def stop(self) -> None:
        """Write what must survive."""
