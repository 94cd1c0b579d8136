"""What a site's state is: its paths, its incident and the work that was announced, in that order of doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from monitoring.incidents.incident import Cause, Incident, Kind
from monitoring.noc.view import PathView, SiteView, State
from monitoring.observed import MaintenanceWindow, Observed, OntState, PathState, Reach
from monitoring.sla.history import ServiceState
from monitoring.topology import Medium, Site, SiteKind, Topology

_SERVICE = {
    State.UP: ServiceState.UP,
    State.DEGRADED: ServiceState.UP,
    State.DOWN: ServiceState.DOWN,
    State.MAINTENANCE: ServiceState.MAINTENANCE,
    State.UNKNOWN: ServiceState.UNKNOWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    """A state, since when, and in a few French words why."""

    state: State
    since: float | None
    reason: str = ""


def sites(topology: Topology, observed: Observed, incidents: Sequence[Incident]) -> tuple[SiteView, ...]:
    """Return every site with its state, in the order of the topology."""
    seen = {(state.site, state.path): state for state in observed.paths}
    by_site = _incident_by_site(incidents)
    windows = [window for window in observed.maintenance if window.covers(observed.at)]
    hubs = _hub_reach(topology, observed)
    onts = {(ont.olt, ont.pon, ont.number): replace(ont, at=0.0) for ont in observed.onts}
    found = []
    for site in topology.sites:
        paths = tuple(_path(site, index, seen) for index in range(len(site.paths)))
        incident = by_site.get(site.name)
        if site.name == topology.vantage:
            verdict = _Verdict(state=State.UP, since=None, reason="la supervision est ici")
        elif not site.paths:
            verdict = hubs.get(site.name, _Verdict(state=State.UNKNOWN, since=None, reason="aucun chemin surveillé"))
        else:
            window = next((window for window in windows if site.name in window.sites), None)
            verdict = _verdict(paths, incident, window, observed.blind)
        ont = onts.get((site.ont.olt, site.ont.pon, site.ont.number)) if site.ont is not None else None
        found.append(_site(site, paths, incident, verdict, ont))
    return tuple(found)


def service_states(views: Sequence[SiteView]) -> Mapping[str, ServiceState]:
    """Return what the history keeps of each site."""
    return {view.name: _SERVICE[view.state] for view in views}


def _incident_by_site(incidents: Sequence[Incident]) -> Mapping[str, Incident]:
    """Return the incident that says most about each site: an outage before what hides it before a lost path."""
    rank = {Kind.OUTAGE: 0, Kind.BLIND: 1, Kind.REDUNDANCY: 2}
    found: dict[str, Incident] = {}
    for incident in sorted(incidents, key=lambda one: (rank[one.kind], one.opened, one.id)):
        for site in (*incident.sites, *incident.weakened):
            found.setdefault(site, incident)
    return found


def _path(site: Site, index: int, seen: Mapping[tuple[str, str], PathState]) -> PathView:
    path = site.paths[index]
    state = seen.get((site.name, path.id))
    return PathView(
        id=path.id,
        hub=path.hub,
        medium=path.medium,
        reach=state.reach if state else Reach.UNKNOWN,
        since=state.since if state else None,
        reason=state.reason if state else "pas encore mesuré",
        segments=path.segments,
    )


def _hub_reach(topology: Topology, observed: Observed) -> Mapping[str, _Verdict]:
    """Return the state of hubs, which have no path of their own: one answers if anything answers over it."""
    hubs = {site.name for site in topology.sites if site.kind is SiteKind.HUB}
    over = {segment.id: hubs.intersection(segment.ends) for segment in topology.segments}
    paths = {(site.name, path.id): path for site in topology.sites for path in site.paths}
    since: dict[str, dict[Reach, list[float]]] = {}
    for state in observed.paths:
        path = paths.get((state.site, state.path))
        if path is None:
            continue
        since.setdefault(path.hub, {}).setdefault(state.reach, []).append(state.since)
        for hub in {hub for one in path.segments for hub in over.get(one, ())} - {path.hub}:
            # What passes a hub proves that it works; what does not arrive need not have failed there.
            reach = Reach.UP if state.reach is Reach.UP else Reach.UNKNOWN
            since.setdefault(hub, {}).setdefault(reach, []).append(state.since)
    found = {}
    for hub, by_reach in since.items():
        if Reach.UP in by_reach:
            found[hub] = _Verdict(state=State.UP, since=min(by_reach[Reach.UP]))
        elif Reach.UNKNOWN in by_reach:
            found[hub] = _Verdict(state=State.UNKNOWN, since=max(by_reach[Reach.UNKNOWN]), reason="chemins non mesurés")
        else:
            found[hub] = _Verdict(state=State.DOWN, since=max(by_reach[Reach.DOWN]), reason="rien ne répond par ce hub")
    return found


def _verdict(paths: tuple[PathView, ...], incident: Incident | None, window: MaintenanceWindow | None, blind: str) -> _Verdict:
    up = [path for path in paths if path.reach is Reach.UP]
    if window is not None:
        answers = "le site répond" if up else "le site ne répond pas"
        return _Verdict(state=State.MAINTENANCE, since=window.start, reason=f"{window.reason or 'travaux annoncés'} ; {answers}")
    if blind:
        return _Verdict(state=State.UNKNOWN, since=None, reason=blind)
    return _answering(paths, up) if up else _silent(paths, incident)


def _silent(paths: tuple[PathView, ...], incident: Incident | None) -> _Verdict:
    """Return the state of a site that does not answer: down only where that is known."""
    unknown = [path for path in paths if path.reach is Reach.UNKNOWN]
    opened = incident.opened if incident is not None else None
    if incident is not None and incident.kind is Kind.BLIND:
        return _Verdict(state=State.UNKNOWN, since=opened, reason="la supervision ne voit pas ce site")
    if incident is not None and incident.cause is Cause.MAINTENANCE:
        return _Verdict(state=State.MAINTENANCE, since=opened, reason="travaux annoncés ; le site ne répond pas")
    if not unknown or (incident is not None and incident.kind is Kind.OUTAGE):
        fell = max((path.since for path in paths if path.reach is Reach.DOWN and path.since is not None), default=opened)
        return _Verdict(state=State.DOWN, since=fell)
    since = max((path.since for path in unknown if path.since is not None), default=None)
    return _Verdict(state=State.UNKNOWN, since=since, reason=next((path.reason for path in unknown if path.reason), ""))


def _answering(paths: tuple[PathView, ...], up: list[PathView]) -> _Verdict:
    """Return the state of a site that answers: degraded if a path it should have is down."""
    lost = [path for path in paths if path.reach is Reach.DOWN]
    if not lost:
        return _Verdict(state=State.UP, since=min((path.since for path in up if path.since is not None), default=None))
    only = " sur radio seule" if all(path.medium is Medium.RADIO for path in up) else ""
    return _Verdict(
        state=State.DEGRADED,
        since=min((path.since for path in lost if path.since is not None), default=None),
        reason=f"{len(up)} chemin{'s' if len(up) > 1 else ''} sur {len(paths)}{only}",
    )


def _site(site: Site, paths: tuple[PathView, ...], incident: Incident | None, verdict: _Verdict, ont: OntState | None) -> SiteView:
    fibre = next((path for path in site.paths if path.segments), None)
    return SiteView(
        name=site.name,
        title=site.title,
        kind=site.kind,
        region=site.region,
        pole=site.pole,
        tier=site.tier,
        latitude=site.latitude,
        longitude=site.longitude,
        state=verdict.state,
        since=verdict.since,
        reason=verdict.reason,
        incident=incident.id if incident is not None and verdict.state is not State.UP else None,
        paths=paths,
        feed=fibre.segments[-1] if fibre else None,
        ont=ont,
    )
