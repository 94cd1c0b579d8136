"""Why a segment failed: the rules of the trade in their order, the first that speaks decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from monitoring import french
from monitoring.incidents import light, words
from monitoring.incidents.finding import Failure, Verdict
from monitoring.incidents.incident import Cause, Confidence, Evidence
from monitoring.incidents.index import Index
from monitoring.incidents.light import Light
from monitoring.incidents.settings import Settings
from monitoring.incidents.view import View
from monitoring.observed import DownCause, MaintenanceWindow, OtdrEvent, Reach

_MANY = 3  # sites that fall together: no coincidence
_END_SLACK_KM = 0.2  # an OTDR sees the far connector a little before the segment's written length
_SENDS_DBM = -5.0  # a laser that sends less is failing itself: below every class's launch power
_LOSS_OF_LIGHT = frozenset({DownCause.LOS, DownCause.LOSI, DownCause.LOFI, DownCause.SFI, DownCause.OTHER, None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One failure with all that may speak of it."""

    index: Index
    view: View
    settings: Settings
    failure: Failure

    def verdict(self, cause: Cause, confidence: Confidence, *evidence: Evidence) -> Verdict:
        """Return a verdict with its evidence."""
        return Verdict(cause=cause, confidence=confidence, evidence=evidence)


def cause_of(case: Case) -> Verdict:
    """Return the first rule's verdict, with what is known besides."""
    for rule in _RULES:
        found = rule(case)
        if found is not None:
            return Verdict(cause=found.cause, confidence=found.confidence, evidence=(*found.evidence, *_besides(case)))
    return case.verdict(Cause.UNDETERMINED, Confidence.OPEN, *(_besides(case) or (_silent(case),)))


def covering(view: View, failure: Failure) -> MaintenanceWindow | None:
    """Return the announced work that covers the fall, on a blamed segment or on every site behind it."""
    for window in view.observed.maintenance:
        on_segment = bool(window.segments.intersection(failure.segments))
        on_sites = bool(failure.touched) and window.sites.issuperset(failure.touched)
        if (on_segment or on_sites) and window.covers(failure.began):
            return window
    return None


def located(case: Case) -> OtdrEvent | None:
    """Return the OTDR's event on a blamed segment since the fall."""
    for event in case.view.observed.otdr:
        known = case.index.topology.segment_by_id.get(event.segment)
        inside = known is not None and event.km < known.length_km - _END_SLACK_KM
        if inside and event.segment in case.failure.segments and event.at >= case.failure.began:
            return event
    return None


def maintenance(view: View, failure: Failure) -> Verdict | None:
    """Return the verdict of a failure that announced work covers."""
    window = covering(view, failure)
    if window is None:
        return None
    by = f" par {window.announced_by}" if window.announced_by else ""
    evidence = Evidence(text=f"travaux annoncés{by} jusqu’à {words.hour(window.end)} : {window.reason or window.id}", at=window.start)
    return Verdict(cause=Cause.MAINTENANCE, confidence=Confidence.CONFIRMED, evidence=(evidence,))


def _maintenance(case: Case) -> Verdict | None:
    return maintenance(case.view, case.failure)


def _otdr(case: Case) -> Verdict | None:
    event = located(case)
    if event is None:
        return None
    known = case.index.topology.segment_by_id[event.segment]
    return case.verdict(Cause.CUT, Confidence.CONFIRMED, words.kilometre(known, event.km, event.at))


def _ends(case: Case) -> Verdict | None:
    """Judge by the light at both ends of the one segment whose ends were read."""
    for name in case.failure.segments:
        ends = case.index.topology.segment_by_id[name].ends
        seen = tuple(light.at_port(case.view, name, end, case.failure.began) for end in ends)
        evidence = tuple(_end(case, name, end, one) for end, one in zip(ends, seen, strict=True) if one is not Light.UNKNOWN)
        match seen:
            case (Light.DARK, Light.DARK):
                return case.verdict(Cause.CUT, Confidence.CONFIRMED, *evidence)
            case (Light.LIT, Light.LIT):
                return case.verdict(Cause.EQUIPMENT, Confidence.CONFIRMED, *evidence)
            case (Light.DARK, Light.LIT):
                return _one_end(case, name, ends[1], evidence)
            case (Light.LIT, Light.DARK):
                return _one_end(case, name, ends[0], evidence)
            case (Light.LIT, Light.UNKNOWN) | (Light.UNKNOWN, Light.LIT):
                return case.verdict(Cause.EQUIPMENT, Confidence.LIKELY, *evidence)
            case _:
                continue
    return None


def _end(case: Case, segment: str, end: str, seen: Light) -> Evidence:
    reading = case.view.ports[segment, end]
    level = f" ({french.number(reading.rx_dbm)} dBm)" if reading.rx_dbm is not None else ""
    return words.port("plus de lumière" if seen is Light.DARK else f"lumière présente{level}", end, reading.at)


def _one_end(case: Case, segment: str, sender: str, evidence: tuple[Evidence, ...]) -> Verdict:
    """One direction is dark: the strand if its laser is known to send, else the transceiver."""
    sent = case.view.ports[segment, sender].tx_dbm
    if sent is not None and sent > _SENDS_DBM:
        more = Evidence(text=f"l’émetteur de {sender} envoie {french.number(sent)} dBm : un seul brin est coupé")
        return case.verdict(Cause.CUT, Confidence.LIKELY, *evidence, more)
    more = Evidence(text=f"une seule direction est noire et l’émetteur de {sender} n’est pas confirmé")
    return case.verdict(Cause.EQUIPMENT, Confidence.LIKELY, *evidence, more)


def _onts(case: Case) -> Verdict | None:
    """Judge by what the OLT says of the ONTs behind the segment. Gasps were taken out before."""
    seen = {site: light.at_ont(case.view, site) for site in case.failure.dark}
    lit = tuple(site for site, one in seen.items() if one is Light.LIT)
    dark = tuple(site for site, one in seen.items() if one is Light.DARK and case.view.onts[site].last_down_cause in _LOSS_OF_LIGHT)
    if lit and not dark:
        return case.verdict(Cause.EQUIPMENT, Confidence.CONFIRMED, words.lit_ont(words.sites(case.index.topology, lit)))
    if not dark or lit:
        return None
    falls = sorted(light.fall_of(case.index, case.view, site) for site in dark)
    many = _most_together(falls, case.settings.together) >= _MANY
    return case.verdict(Cause.CUT, Confidence.CONFIRMED if many else Confidence.LIKELY, words.lost_light(len(dark), falls[-1] - falls[0]))


def _olt(case: Case) -> Verdict | None:
    """An OLT that is silent although its site answers takes every ONT with it."""
    onts = [case.index.topology.site_by_name[site].ont for site in case.failure.dark]
    names = {ont.olt for ont in onts if ont is not None}
    if len(names) != 1 or None in onts:
        return None
    olt = case.index.topology.device_by_name[names.pop()]
    state = case.view.devices.get(olt.name)
    if state is None or state.reach is not Reach.DOWN or case.view.reach.get(olt.site) is not Reach.UP:
        return None
    evidence = Evidence(text=f"{olt.name} ne répond plus alors que son site répond", at=state.since)
    return case.verdict(Cause.EQUIPMENT, Confidence.LIKELY, evidence)


def _together(case: Case) -> Verdict | None:
    """Many sites at once behind one segment: a cut, as long as nothing says otherwise."""
    falls = sorted(_fall(case, site) for site in case.failure.touched)
    if _most_together(falls, case.settings.together) < _MANY:
        return None
    place = words.segment_title(case.index.topology, case.failure.segments[:1], either=False)
    return case.verdict(Cause.CUT, Confidence.LIKELY, words.fell_together(len(falls), falls[-1] - falls[0], place))


def _fall(case: Case, site: str) -> float:
    bits = case.index.of(case.failure.segments)
    falls = [fell for key in case.index.fibre_paths[site] if case.index.bits[key] & bits and (fell := case.view.fell(key)) is not None]
    return max(falls, default=case.failure.began)


def _most_together(falls: list[float], seconds: float) -> int:
    """Return how many sorted moments lie within so many seconds at most."""
    most, first = 0, 0
    for last, moment in enumerate(falls):
        while falls[first] < moment - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def _besides(case: Case) -> tuple[Evidence, ...]:
    found = [_end(case, name, end, Light.DARK) for name in case.failure.segments for end in _lone_dark_end(case, name)]
    powered = tuple(site for site in case.failure.dark if site in case.view.radio_up)
    if powered:
        found.append(Evidence(text=f"répond par la 4G, donc alimenté : {words.sites(case.index.topology, powered)}"))
    if case.failure.either:
        found.append(Evidence(text="aucun site ne permet de distinguer ces segments"))
    if not case.failure.unique:
        found.append(Evidence(text="une autre combinaison de segments expliquerait la même panne"))
    return tuple(found)


def _lone_dark_end(case: Case, segment: str) -> tuple[str, ...]:
    """Return the end that is dark while nothing is known of the other: true of a cut and of a far end without power."""
    ends = case.index.topology.segment_by_id[segment].ends
    seen = {end: light.at_port(case.view, segment, end, case.failure.began) for end in ends}
    return tuple(end for end in ends if seen[end] is Light.DARK) if Light.UNKNOWN in seen.values() else ()


def _silent(case: Case) -> Evidence:
    return Evidence(text="pas de réponse, aucune lecture optique depuis la chute", at=case.failure.began)


_RULES: tuple[Callable[[Case], Verdict | None], ...] = (_maintenance, _otdr, _ends, _onts, _olt, _together)
