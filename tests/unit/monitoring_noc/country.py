"""A country to look at: two hubs, eight poles on two paths each, hundreds of communes, made from the gazetteer."""

from __future__ import annotations

import csv
import unicodedata
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

from monitoring.incidents.incident import Cause, Confidence, Evidence, Incident, Kind
from monitoring.observed import DeviceState, Observed, PathState, Reach
from monitoring.topology import Medium, Segment, Site, SiteKind, Topology
from monitoring.topology import Path as Way

NOW = 1_795_615_351.0  # 2026-11-25 14:02:31 UTC
_HUBS = (("hub-dakar", "Hub de Dakar", 14.6928, -17.4467), ("hub-diamniadio", "Hub de Diamniadio", 14.7205, -17.1816))
_SEATS = {
    "Dakar": ("Dakar", 14.76, -17.36),
    "Thiès": ("Thiès", 14.791, -16.9256),
    "Diourbel-Louga": ("Diourbel", 14.6479, -16.2436),
    "Centre": ("Kaolack", 14.152, -16.0726),
    "Nord": ("Saint-Louis", 16.0179, -16.4896),
    "Nord-Est": ("Matam", 15.6559, -13.2554),
    "Sud": ("Ziguinchor", 12.568, -16.2733),
    "Sud-Est": ("Tambacounda", 13.7707, -13.6673),
}


def slug(text: str) -> str:
    plain = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return "".join(one if one.isalnum() else "-" for one in plain.casefold())


def country(gazetteer: Path) -> Topology:
    """Return 2 hubs, 8 poles and every commune of the gazetteer, several on each segment behind its pole."""
    sites = [
        Site(name=name, kind=SiteKind.HUB, title=title, region="Dakar", latitude=latitude, longitude=longitude, tier=1)
        for name, title, latitude, longitude in _HUBS
    ]
    segments = []
    for number, (pole, (seat, latitude, longitude)) in enumerate(_SEATS.items()):
        name = f"pole-{slug(seat)}"
        trunks = tuple(f"{hub[0].removeprefix('hub-')}-{slug(seat)}" for hub in _HUBS)
        for trunk, hub in zip(trunks, _HUBS, strict=True):
            segments.append(Segment(id=trunk, title=f"{hub[1].removeprefix('Hub de ')} – {seat}", ends=(hub[0], name), length_km=120.0))
        ways = _ways(trunks, (), number, 0)
        sites.append(
            Site(
                name=name,
                kind=SiteKind.POLE,
                title=f"Pôle {pole}",
                region=seat,
                latitude=latitude,
                longitude=longitude,
                tier=1,
                paths=ways,
            )
        )
    rows = list(csv.DictReader(gazetteer.read_text(encoding="utf-8").splitlines()))
    communes = _communes(rows, segments)
    return Topology(
        vantage="hub-dakar", sites=(*sites, *communes), segments=tuple(segments), rendered_from="sha256:0123456789abcdef0123456789abcdef"
    )


def _communes(rows: list[dict[str, str]], segments: list[Segment]) -> list[Site]:
    found = []
    taken: set[str] = set()
    for number, row in enumerate(rows):
        seat = _SEATS[row["pole"]][0]
        pole = f"pole-{slug(seat)}"
        feed = f"{slug(seat)}-{slug(row['departement'])}"
        if feed not in taken:
            taken.add(feed)
            title = f"{seat} – {row['departement']}"
            segments.append(Segment(id=feed, title=title, ends=(pole, f"coffret-{slug(row['departement'])}"), length_km=45.0))
        trunks = (f"dakar-{slug(seat)}", f"diamniadio-{slug(seat)}")
        found.append(
            Site(
                name=row["slug"],
                kind=SiteKind.CENTRE,
                title=row["commune"],
                region=row["region"],
                latitude=float(row["latitude"]),
                longitude=float(row["longitude"]),
                tier=2,
                pole=pole,
                paths=_ways(trunks, (feed,), number // 250 + 16, number % 250 + 1),
            )
        )
    return found


def _ways(trunks: tuple[str, ...], feed: tuple[str, ...], net: int, host: int) -> tuple[Way, ...]:
    fibre = [
        Way(
            id=f"fibre-{trunk.split('-')[0]}",
            hub=f"hub-{trunk.split('-')[0]}",
            segments=(trunk, *feed),
            probe=IPv4Address(f"10.70.{net}.{host}"),
        )
        for trunk in trunks
    ]
    return (*fibre, Way(id="4g-dakar", hub="hub-dakar", medium=Medium.RADIO, probe=IPv4Address(f"10.71.{net}.{host}")))


def all_up(topology: Topology) -> Observed:
    """Return a quiet country: every path answers since two days."""
    return Observed(
        at=NOW,
        paths=tuple(
            PathState(site=site.name, path=path.id, reach=Reach.UP, since=NOW - 172_800) for site in topology.sites for path in site.paths
        ),
        devices=(DeviceState(device="olt-tambacounda", reach=Reach.UP, since=NOW - 172_800),),
    )


def silence(observed: Observed, sites: frozenset[str], reach: Reach, since: float, only: str = "") -> Observed:
    """Return the same with these sites' paths (all, or those whose id begins so) in another state."""
    paths = tuple(
        replace(state, reach=reach, since=since) if state.site in sites and state.path.startswith(only) else state
        for state in observed.paths
    )
    return replace(observed, paths=paths)


def cut(sites: tuple[str, ...], *, segments: tuple[str, ...], opened: float = NOW - 8000, **changes: object) -> Incident:
    """Return a cut of these sites."""
    made = Incident(
        id="2026-11-25-001",
        kind=Kind.OUTAGE,
        title="Dakar – Tambacounda",
        segments=segments,
        sites=sites,
        cause=Cause.CUT,
        confidence=Confidence.LIKELY,
        evidence=(
            Evidence(text=f"{len(sites)} sites ont perdu la lumière en 4 s, sans dernier soupir", at=opened),
            Evidence(text="Rien ne répond au-delà du segment ; les autres segments du pôle portent des sites en service"),
        ),
        action="Envoyer l’équipe fibre de Tambacounda, avec réflectomètre et soudeuse.",
        opened=opened,
        updated=NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the fields of Incident, checked where it is made
