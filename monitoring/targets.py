"""Who is probed: the topology's paths, and our own side to tell whether we can see at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address

from monitoring.measures.prober import ProbeTarget
from monitoring.topology import Topology

REFERENCE = "reference"  # the path of what stands on our own side: the vantage's gateway


def probe_targets(topology: Topology, references: Iterable[IPv4Address] = ()) -> Iterator[ProbeTarget]:
    """Yield every address to probe: of each path the router and, where there is one, the host behind it."""
    for address in references:
        yield ProbeTarget(site=topology.vantage, path=REFERENCE, address=address)
    for site in topology.sites:
        for path in site.paths:
            yield ProbeTarget(site=site.name, path=path.id, address=path.probe)
            if path.behind is not None:
                yield ProbeTarget(site=site.name, path=path.id, address=path.behind, behind=True)
