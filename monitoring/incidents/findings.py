"""Everything that one look at the network finds: failed segments and places, lost power, blindness, the unexplained."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from monitoring import french
from monitoring.incidents import words
from monitoring.incidents.cause import Case, cause_of, located
from monitoring.incidents.failures import failures_of
from monitoring.incidents.finding import Failure, Finding, Verdict
from monitoring.incidents.grouping import Group, Shape, grouped
from monitoring.incidents.incident import Cause, Confidence, Evidence, Kind
from monitoring.incidents.index import Index, PathKey
from monitoring.incidents.power import behind, power_finding, power_findings, without_power
from monitoring.incidents.settings import Settings
from monitoring.incidents.view import View
from monitoring.observed import Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The findings of one moment, and the segments in use then (bits)."""

    findings: tuple[Finding, ...]
    in_use: int


def look(index: Index, view: View, remembered: Collection[tuple[str, ...]], settings: Settings) -> Look:
    """Return what is found; `remembered` are the segments of settled incidents that are still open."""
    gasps = without_power(index, view)
    failures = failures_of(index, view, gasps, remembered)
    found: list[Finding] = []
    for group in grouped(index, view, failures.failures, settings.together):
        powerless = behind(index, group.failure, gasps, settings.together) if group.failure.dark else ()
        if powerless and len(powerless) >= len(group.failure.dark):
            found.append(power_finding(index, view, {*powerless, *group.failure.dark}, gasps))
            gasps = {site: moment for site, moment in gasps.items() if site not in powerless}
        else:
            found.append(_failed(Case(index=index, view=view, settings=settings, failure=group.failure), group))
    found += power_findings(index, view, gasps, settings)
    found += _unexplained(index, view, failures.unexplained, settings)
    found += _blind(index, view)
    return Look(findings=tuple(found), in_use=failures.in_use)


def _failed(case: Case, group: Group) -> Finding:
    topology, failure = case.index.topology, group.failure
    verdict = _of_node(cause_of(case)) if group.shape is Shape.NODE else cause_of(case)
    match group.shape:
        case Shape.SEGMENT:
            title = words.segment_title(topology, failure.segments, either=failure.either)
        case Shape.NODE:
            title = words.place(topology, group.place)
        case Shape.OLT:
            title = f"OLT {group.place}"
        case Shape.PON:
            title = f"PON {group.place}"
    event = located(case)
    km = event.km if event and verdict.cause is Cause.CUT else None
    place = f", PK {french.number(km, 2)}{words.nearest(topology.segment_by_id[event.segment], km)}" if event and km is not None else ""
    down = tuple(site for site in failure.touched if case.view.reach[site] is Reach.DOWN)
    return Finding(
        kind=Kind.OUTAGE if down else Kind.REDUNDANCY,
        title=title,
        segments=failure.segments if group.shape in {Shape.SEGMENT, Shape.NODE} else (),
        either=failure.either,
        sites=down,
        weakened=tuple(site for site in failure.touched if site not in down),
        began=failure.began,
        latest=failure.latest,
        verdict=verdict,
        action=words.action(verdict.cause, title, place),
        kilometre=km,
    )


def _of_node(verdict: Verdict) -> Verdict:
    """All links of a place at once: rather the place than as many cuts, unless light says otherwise."""
    more = Evidence(text="toutes les liaisons du site sont tombées ensemble : panne du site plus probable que plusieurs coupures")
    if verdict.cause is Cause.CUT and verdict.confidence is not Confidence.CONFIRMED:
        return Verdict(cause=Cause.UNDETERMINED, confidence=Confidence.LIKELY, evidence=(more, *verdict.evidence))
    return replace(verdict, evidence=(more, *verdict.evidence))


def _unexplained(index: Index, view: View, paths: tuple[PathKey, ...], settings: Settings) -> list[Finding]:
    """Paths that are down while each of their segments carries others: the fault is at an end."""
    by_hub: dict[str, list[PathKey]] = {}
    for key in paths:
        by_hub.setdefault(index.hub[key], []).append(key)
    found, taken = [], set()
    for hub, keys in sorted(by_hub.items()):
        reached = any(index.hub[key] == hub and path.reach is Reach.UP for key, path in view.paths.items())
        if len(keys) > 1 and not reached:
            found.append(_at_end(index, view, f"Tunnels : {words.place(index.topology, hub)}", keys, settings))
            taken.update(keys)
    by_site: dict[str, list[PathKey]] = {}
    for key in paths:
        if key not in taken:
            by_site.setdefault(key[0], []).append(key)
    found += [_at_end(index, view, words.place(index.topology, site), keys, settings) for site, keys in sorted(by_site.items())]
    return found


def _at_end(index: Index, view: View, title: str, keys: list[PathKey], settings: Settings) -> Finding:
    sites = tuple(sorted({site for site, _ in keys}))
    moments = [fell for key in keys if (fell := view.fell(key)) is not None]
    down = tuple(site for site in sites if view.reach[site] is Reach.DOWN)
    failure = Failure(
        segments=(),
        either=False,
        unique=True,
        dark=tuple(site for site in sites if site in view.dark),
        weakened=tuple(site for site in sites if site not in view.dark),
        began=min(moments),
        latest=max(moments),
    )
    judged = cause_of(Case(index=index, view=view, settings=settings, failure=failure))
    carried = Evidence(text="ses segments portent d’autres sites : la fibre n’est pas en cause")
    if judged.cause is not Cause.MAINTENANCE:
        sure = judged.confidence if judged.cause is Cause.EQUIPMENT else Confidence.LIKELY
        judged = Verdict(cause=Cause.EQUIPMENT, confidence=sure, evidence=(carried, *judged.evidence))
    return Finding(
        kind=Kind.OUTAGE if down else Kind.REDUNDANCY,
        title=title,
        sites=down,
        weakened=tuple(site for site in sites if site not in down),
        began=failure.began,
        latest=failure.latest,
        verdict=judged,
        action=words.action(judged.cause, title, ""),
    )


def _blind(index: Index, view: View) -> list[Finding]:
    """Sites of which nothing is known, by the reason that collectors give."""
    by_reason: dict[str, list[str]] = {}
    since: dict[str, list[float]] = {}
    for (site, _), path in view.paths.items():
        if view.reach[site] is Reach.UNKNOWN and path.reach is Reach.UNKNOWN:
            by_reason.setdefault(path.reason, []).append(site)
            since.setdefault(path.reason, []).append(path.since)
    found = []
    for reason, sites in sorted(by_reason.items()):
        title = f"Supervision aveugle : {reason or words.sites(index.topology, tuple(sorted(set(sites))))}"
        evidence = Evidence(text=reason or "aucune mesure ne parvient plus", at=min(since[reason]))
        verdict = Verdict(cause=Cause.BLIND, confidence=Confidence.CONFIRMED if reason else Confidence.LIKELY, evidence=(evidence,))
        found.append(
            Finding(
                kind=Kind.BLIND,
                title=title,
                sites=tuple(sorted(set(sites))),
                began=min(since[reason]),
                latest=max(since[reason]),
                verdict=verdict,
                action=words.action(Cause.BLIND, title, ""),
            )
        )
    return found
