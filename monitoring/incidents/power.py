"""Sites whose ONT said that it lost power: they are no evidence against any fibre."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from monitoring.incidents import light, words
from monitoring.incidents.cause import maintenance
from monitoring.incidents.finding import Failure, Finding, Verdict
from monitoring.incidents.incident import Cause, Confidence, Kind
from monitoring.incidents.index import Index
from monitoring.incidents.settings import Settings
from monitoring.incidents.view import View
from monitoring.observed import Reach


def without_power(index: Index, view: View) -> dict[str, float]:
    """Return the dark sites whose ONT lost power, with the moment it said so."""
    found = {site: light.gasp_of(index, view, site) for site in view.dark}
    return {site: moment for site, moment in found.items() if moment is not None}


def behind(index: Index, failure: Failure, gasps: Mapping[str, float], slack: float) -> tuple[str, ...]:
    """Return the sites without power that the failure would explain too: behind its segments, fallen with it."""
    bits = index.of(failure.segments[:1])
    return tuple(
        site
        for site, moment in gasps.items()
        if failure.began - slack <= moment <= failure.latest + slack and all(index.bits[key] & bits for key in index.fibre_paths[site])
    )


def power_findings(index: Index, view: View, gasps: Mapping[str, float], settings: Settings) -> tuple[Finding, ...]:
    """Return one finding per pole and moment: the grid fails for many sites at once."""
    by_pole: dict[str, list[str]] = {}
    for site in sorted(gasps, key=lambda one: (gasps[one], one)):
        by_pole.setdefault(index.topology.site_by_name[site].pole or site, []).append(site)
    found = []
    for members in by_pole.values():
        found += [power_finding(index, view, group, gasps) for group in _chains(members, gasps, settings.together)]
    return tuple(found)


def _chains(members: list[str], gasps: Mapping[str, float], seconds: float) -> list[tuple[str, ...]]:
    chains: list[list[str]] = []
    for site in members:
        if chains and gasps[site] - gasps[chains[-1][-1]] <= seconds:
            chains[-1].append(site)
        else:
            chains.append([site])
    return [tuple(chain) for chain in chains]


def power_finding(index: Index, view: View, sites: Iterable[str], gasps: Mapping[str, float]) -> Finding:
    """Return the finding for sites that lost power together; those without a gasp of their own fell with the others."""
    every = tuple(sorted(sites))
    said = [gasps[site] for site in every if site in gasps]
    title = f"Alimentation : {words.sites(index.topology, every)}"
    evidence = words.gasps(len(said), len(every), max(said))
    lit = tuple(site for site in every if site in view.radio_up)
    began, latest = min(light.fall_of(index, view, site) for site in every), max(view.dark[site] for site in every)
    failure = Failure(segments=(), either=False, unique=True, dark=every, weakened=(), began=began, latest=latest)
    sure = Confidence.CONFIRMED if len(said) == len(every) else Confidence.LIKELY
    verdict = Verdict(cause=Cause.POWER, confidence=sure, evidence=(evidence,))
    announced = maintenance(view, failure)
    if announced:
        verdict = replace(announced, evidence=(*announced.evidence, evidence))
    return Finding(
        kind=Kind.REDUNDANCY if len(lit) == len(every) else Kind.OUTAGE,
        title=title,
        sites=tuple(site for site in every if view.reach[site] is not Reach.UP),
        weakened=lit,
        began=began,
        latest=latest,
        verdict=verdict,
        action=words.action(verdict.cause, title, ""),
    )
