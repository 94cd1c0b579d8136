"""A topology arranged for the engine: segments as bits, paths as numbers, ONTs by place. Made once per topology."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitoring.topology import Medium, Path, Topology

PathKey = tuple[str, str]
OntKey = tuple[str, str, int]
PortKey = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """What the engine looks up. Bits of a path are those of the segments that probes run over; radio paths are absent."""

    topology: Topology
    segments: tuple[str, ...]
    lengths: tuple[float, ...]
    bit: Mapping[str, int]
    hub: Mapping[PathKey, str]
    bits: Mapping[PathKey, int]
    fibre_paths: Mapping[str, tuple[PathKey, ...]]
    site_of_ont: Mapping[OntKey, str]
    end_of_port: Mapping[PortKey, tuple[str, str]]

    def names(self, bits: int) -> tuple[str, ...]:
        """Return the segments of a number, in the topology's order."""
        found = []
        while bits:
            low = bits & -bits
            found.append(self.segments[low.bit_length() - 1])
            bits ^= low
        return tuple(found)

    def of(self, segments: Iterable[str]) -> int:
        """Return the number of segments; names that the topology no longer has are left out."""
        found = 0
        for name in segments:
            found |= self.bit.get(name, 0)
        return found


def probed(topology: Topology, path: Path) -> tuple[str, ...]:
    """Return the segments that probes of a path run over: those behind the vantage, where it stands on the path.

    A pole's exporter reaches its centres though the trunk to the hub is cut: its probes say nothing of that trunk.
    """
    here = path.hub
    behind = 0
    for position, name in enumerate(path.segments, 1):
        ends = topology.segment_by_id[name].ends
        here = ends[1] if here == ends[0] else ends[0]
        if here == topology.vantage:
            behind = position
    return path.segments[behind:]


def index_of(topology: Topology) -> Index:
    """Return the index of a topology."""
    bit = {segment.id: 1 << position for position, segment in enumerate(topology.segments)}
    bits = {
        (site.name, path.id): sum(bit[name] for name in set(probed(topology, path)))
        for site in topology.sites
        for path in site.paths
        if path.medium is Medium.FIBRE
    }
    return Index(
        topology=topology,
        segments=tuple(segment.id for segment in topology.segments),
        lengths=tuple(segment.length_km for segment in topology.segments),
        bit=bit,
        bits=bits,
        hub={(site.name, path.id): path.hub for site in topology.sites for path in site.paths},
        fibre_paths={
            site.name: tuple((site.name, path.id) for path in site.paths if (site.name, path.id) in bits) for site in topology.sites
        },
        site_of_ont={(site.ont.olt, site.ont.pon, site.ont.number): site.name for site in topology.sites if site.ont},
        end_of_port={(device.name, port.name): (port.segment, port.end) for device in topology.devices for port in device.ports},
    )
