"""What the page lists to be watched: in French, the most pressing first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from monitoring import french
from monitoring.degradation.light import FALLING_DB_PER_DAY, LightMemory, Outlook
from monitoring.degradation.store import LightKey
from monitoring.incidents.incident import Incident, Kind
from monitoring.noc.view import Watching, WatchView
from monitoring.observed import PathSample
from monitoring.topology import Topology

_MARGIN_DB = 3.0
_STEP_DB = 0.5
_DAYS = 30.0
_LOSS = 0.01
_DELAY_SECONDS = 0.2
_LASER = 1.4
_ORDER = (Watching.STEP, Watching.RING_OPEN, Watching.DRIFT, Watching.MARGIN, Watching.LASER, Watching.LOSS, Watching.DELAY)


def watched(
    topology: Topology,
    outlooks: Mapping[LightKey, Outlook],
    lights: Mapping[LightKey, LightMemory],
    incidents: tuple[Incident, ...],
    samples: tuple[PathSample, ...],
) -> tuple[WatchView, ...]:
    """Return what works but will not for long."""
    sites = {(site.ont.olt, site.ont.pon, site.ont.number): site.name for site in topology.sites if site.ont}
    found: list[WatchView] = []
    for key, seen in outlooks.items():
        found += _of_light(key, seen, lights[key], sites.get(key))
    found += [_open(one) for one in incidents if one.kind is Kind.REDUNDANCY]
    for sample in samples:
        found += _of_path(topology, sample)
    return tuple(sorted(found, key=lambda one: (_ORDER.index(one.kind), one.days_left or 0.0, one.subject)))


def _of_light(key: LightKey, seen: Outlook, memory: LightMemory, site: str | None) -> Iterator[WatchView]:
    device, port, lane = key
    subject = f"{device} {port}" + (f" ONT {lane}" if site else "")
    if memory.step is not None and seen.step >= _STEP_DB:
        text = f"{french.number(seen.step)} dB perdus d’un coup"
        yield WatchView(kind=Watching.STEP, subject=subject, text=text, site=site, since=memory.step.since)
    if seen.days is not None and seen.days < _DAYS and seen.drift is not None and seen.drift < FALLING_DB_PER_DAY:
        text = f"baisse de {french.number(-seen.drift, 2)} dB par jour"
        yield WatchView(kind=Watching.DRIFT, subject=subject, text=text, site=site, days_left=seen.days)
    elif seen.margin is not None and seen.margin < _MARGIN_DB:
        yield WatchView(kind=Watching.MARGIN, subject=subject, text=f"marge de {french.number(seen.margin)} dB", site=site)
    if memory.bias.first and memory.bias.now and memory.bias.now[-1] > _LASER * memory.bias.first:
        yield WatchView(kind=Watching.LASER, subject=subject, text="courant du laser en forte hausse", site=site)


def _open(incident: Incident) -> WatchView:
    text = f"redondance perdue pour {len(incident.weakened)} sites : la prochaine coupure les isole"
    return WatchView(kind=Watching.RING_OPEN, subject=incident.title, text=text, since=incident.opened, incident=incident.id)


def _of_path(topology: Topology, sample: PathSample) -> Iterator[WatchView]:
    site = topology.site_by_name.get(sample.site)
    if site is None or sample.rtt_mean is None:
        return
    subject = f"{site.title} par {sample.path}"
    if sample.sent and sample.lost > _LOSS * sample.sent:
        text = f"{100 * sample.lost / sample.sent:.0f} % de pertes"
        yield WatchView(kind=Watching.LOSS, subject=subject, text=text, site=site.name)
    if sample.rtt_mean > _DELAY_SECONDS:
        text = f"délai moyen de {1000 * sample.rtt_mean:.0f} ms"
        yield WatchView(kind=Watching.DELAY, subject=subject, text=text, site=site.name)
