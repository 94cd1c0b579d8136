"""The life of incidents: findings are matched with what is known, so that one failure keeps one name until it is over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from monitoring.incidents.finding import Finding
from monitoring.incidents.incident import Acknowledgement, Cause, Confidence, Evidence, Incident, Kind, Stage
from monitoring.incidents.settings import Settings
from monitoring.observed import Reach

_SURE = (Confidence.OPEN, Confidence.LIKELY, Confidence.CONFIRMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What the life of incidents depends on at one moment: the sites' states, and which segments are in use."""

    at: float
    reach: Mapping[str, Reach]
    in_use: frozenset[str]
    down_since: Mapping[str, float]  # site -> when a look first saw the last of its paths down
    found_since: Mapping[str, float]  # a finding's key -> since when each look found it
    explained: frozenset[str]  # sites whose every down path an open incident has explained since it fell


def lived(known: Iterable[Incident], findings: Iterable[Finding], now: Now, settings: Settings) -> tuple[Incident, ...]:
    """Return the incidents after one look: the known ones in their order, then the new ones."""
    open_ones = [incident for incident in known if incident.stage is not Stage.CLOSED]
    past = [one for one in known if one.stage is Stage.CLOSED and now.at - (one.closed or now.at) < settings.kept]
    pairs, new = _matched(open_ones, list(findings), now)
    names = {incident.id for incident in known}
    after = [
        _updated(one, pairs[one.id], now.at) if one.id in pairs else _unseen(one, now, settings, tuple(pairs.values())) for one in open_ones
    ]
    for finding in new:
        if _settled(finding, now, settings):
            opened = _opened(finding, now.at, names)
            names.add(opened.id)
            after.append(opened)
    return (*past, *after)


def acknowledged(known: Iterable[Incident], name: str, by: str, at: float) -> tuple[Incident, ...]:
    """Return the incidents with one taken in hand by a person. Raises LookupError if there is no such open incident."""
    before = tuple(known)
    who = " ".join(by.split())
    if not who:
        raise LookupError("a name is needed")
    if not any(incident.id == name and incident.stage is not Stage.CLOSED for incident in before):
        raise LookupError(f"{name} is no open incident")
    taken = Acknowledgement(by=who[:80], at=at)
    return tuple(replace(one, acknowledged=taken, updated=at) if one.id == name else one for one in before)


def _matched(known: list[Incident], findings: list[Finding], now: Now) -> tuple[dict[str, Finding], list[Finding]]:
    """Return each known incident's finding, the closest pairs first, and the findings that are new."""
    scored = [
        (score, -one.opened, one.id, position)
        for one in known
        for position, f in enumerate(findings)
        if (score := _likeness(one, f, now)) > 0
    ]
    pairs: dict[str, Finding] = {}
    used: set[int] = set()
    for _, _, name, position in sorted(scored, reverse=True):
        if name not in pairs and position not in used:
            pairs[name] = findings[position]
            used.add(position)
    return pairs, [finding for position, finding in enumerate(findings) if position not in used]


def _likeness(incident: Incident, finding: Finding, now: Now) -> float:
    """Return how much a finding is a known incident: shared segments count most, then shared sites. 0 is another one."""
    if (incident.kind is Kind.BLIND) != (finding.kind is Kind.BLIND):
        return 0.0
    shared = len(set(incident.segments).intersection(finding.segments))
    if shared:
        return 1000.0 + shared
    if _cleared(incident, now):
        return 0.0
    old, new = {*incident.sites, *incident.weakened}, {*finding.sites, *finding.weakened}
    common = len(old & new)
    if not common or (incident.stage is Stage.RECOVERING and incident.title != finding.title):
        return 0.0
    return common / len(old | new)


def _settled(finding: Finding, now: Now, settings: Settings) -> bool:
    """Tell whether a finding is more than the first of many that fall, or the last of many that come back, one by one."""
    if finding.kind is Kind.BLIND:
        return now.at - finding.began >= settings.blind_after
    sites = {*finding.sites, *finding.weakened}
    if sites <= now.explained:
        return now.at - now.found_since.get(finding.key, now.at) >= settings.remains
    last = max((now.down_since.get(site, now.at) for site in sites), default=now.at)
    return now.at - last >= settings.settle or now.at - finding.began >= settings.settle_most


def _opened(finding: Finding, at: float, names: set[str]) -> Incident:
    subject = (finding.segments or finding.sites or finding.weakened)[0]
    base = f"{datetime.fromtimestamp(finding.began, UTC):%Y%m%d-%H%M%S}-{subject}"
    name, count = base, 1
    while name in names:
        count += 1
        name = f"{base}-{count}"
    return Incident(
        id=name,
        kind=finding.kind,
        title=finding.title,
        segments=finding.segments,
        either=finding.either,
        sites=finding.sites,
        weakened=finding.weakened,
        cause=finding.verdict.cause,
        confidence=finding.verdict.confidence,
        evidence=finding.verdict.evidence,
        action=finding.action,
        opened=finding.began,
        updated=at,
        kilometre=finding.kilometre,
    )


def _updated(incident: Incident, finding: Finding, at: float) -> Incident:
    """Return an incident as it is seen now. A surer verdict is kept when its evidence can no longer be read."""
    back = incident.stage is Stage.RECOVERING
    same = set(finding.segments) <= set(incident.segments) and set(incident.sites) >= set(finding.sites)
    keeps = same and not back and _SURE.index(incident.confidence) > _SURE.index(finding.verdict.confidence)
    verdict = replace(finding.verdict, cause=incident.cause, confidence=incident.confidence, evidence=incident.evidence)
    if not keeps:
        verdict = finding.verdict
    after = replace(
        incident,
        kind=finding.kind,
        title=finding.title,
        segments=finding.segments,
        either=finding.either,
        sites=finding.sites,
        weakened=finding.weakened,
        cause=verdict.cause,
        confidence=verdict.confidence,
        evidence=verdict.evidence,
        action=incident.action if keeps else finding.action,
        kilometre=incident.kilometre if finding.kilometre is None and set(finding.segments) & set(incident.segments) else finding.kilometre,
        stage=Stage.OPEN,
        recovered=None,
        flaps=incident.flaps + back,
    )
    return after if after == incident else replace(after, updated=at)


def _unseen(incident: Incident, now: Now, settings: Settings, others: tuple[Finding, ...]) -> Incident:
    """Return an incident that no finding speaks of: absorbed by a larger one, recovered, or not to be seen."""
    larger = _absorbing(incident, others)
    if larger is not None and not set(incident.segments) & now.in_use:
        more = Evidence(text=f"rattaché à : {larger.title}", at=now.at)
        return replace(incident, stage=Stage.CLOSED, closed=now.at, updated=now.at, evidence=(*incident.evidence, more))
    if not _is_over(incident, now):
        return incident
    if incident.stage is Stage.OPEN:
        return replace(incident, stage=Stage.RECOVERING, recovered=now.at, updated=now.at)
    hold = min(settings.hold * 2**incident.flaps, settings.hold_most)
    if incident.recovered is not None and now.at - incident.recovered >= hold:
        return replace(incident, stage=Stage.CLOSED, closed=now.at, updated=now.at)
    return incident


def _absorbing(incident: Incident, others: tuple[Finding, ...]) -> Finding | None:
    if incident.stage is not Stage.OPEN or incident.kind is Kind.BLIND or not incident.sites:
        return None
    for finding in others:
        if finding.kind is not Kind.BLIND and set(finding.sites) >= set(incident.sites):
            return finding
    return None


def _is_over(incident: Incident, now: Now) -> bool:
    """Tell whether it is known to be over: the unknown ends no outage."""
    if incident.kind is Kind.BLIND:
        return all(now.reach.get(site, Reach.UP) is not Reach.UNKNOWN for site in incident.sites)
    return _cleared(incident, now) or _all_up(incident, now)


def _cleared(incident: Incident, now: Now) -> bool:
    """Tell whether what was blamed carries traffic again; of segments that nothing tells apart one suffices."""
    used = [name in now.in_use for name in incident.segments]
    return bool(used) and (any(used) if incident.either else all(used))


def _all_up(incident: Incident, now: Now) -> bool:
    # A site that left the topology is in nobody's way.
    return all(now.reach.get(site, Reach.UP) is Reach.UP for site in (*incident.sites, *incident.weakened))


def settled_segments(known: Iterable[Incident], at: float, settings: Settings) -> tuple[tuple[str, ...], ...]:
    """Return the segments of open incidents that are old enough to stand when a larger failure hides them."""
    return tuple(
        one.segments
        for one in known
        if one.stage is Stage.OPEN and one.segments and one.cause is not Cause.POWER and at - one.opened >= settings.mature
    )
