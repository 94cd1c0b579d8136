"""The lines of a month: every site, and every pole's communes added up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from monitoring.sla.availability import Availability
from monitoring.topology import SiteKind, Topology

OBJECTIVES: Mapping[SiteKind, float] = MappingProxyType({SiteKind.HUB: 0.9995, SiteKind.POLE: 0.999, SiteKind.CENTRE: 0.995})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: a site, or (`total`) all communes of a pole added up. The objective is from 0 to 1."""

    name: str
    title: str
    pole: str | None
    objective: float
    kept: Availability
    total: bool = False


def lines(topology: Topology, kept: Mapping[str, Availability], objectives: Mapping[SiteKind, float] = OBJECTIVES) -> tuple[Line, ...]:
    """Return the poles' totals, then the sites, both in the order of the topology."""
    rows = [
        Line(name=site.name, title=site.title, pole=site.pole, objective=objectives[site.kind], kept=kept.get(site.name, Availability()))
        for site in topology.sites
    ]
    totals: dict[str, Availability] = {}
    for row in rows:
        if row.pole is not None:
            totals[row.pole] = totals.get(row.pole, Availability()) + row.kept
    poles = [
        Line(
            name=site.name,
            title=f"{site.title} (ses communes)",
            pole=None,
            objective=objectives[SiteKind.CENTRE],
            kept=totals[site.name],
            total=True,
        )
        for site in topology.sites
        if site.kind is SiteKind.POLE and site.name in totals
    ]
    return (*poles, *rows)
