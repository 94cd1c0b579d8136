"""A small country: two hubs, two poles, three communes; the second pole has one path only."""

from __future__ import annotations

from ipaddress import IPv4Address

from monitoring.observed import Observed, PathState, Reach
from monitoring.topology import Medium, Path, RoutePoint, Segment, Site, SiteKind, Topology

NOW = 1_795_615_351.0  # 2026-11-25 14:02:31 UTC


def small() -> Topology:
    """Return the small country."""
    return Topology(
        vantage="hub-dakar",
        sites=(
            _site("hub-dakar", SiteKind.HUB, "Hub de Dakar", (14.6928, -17.4467)),
            _site("hub-diamniadio", SiteKind.HUB, "Hub de Diamniadio", (14.7205, -17.1816)),
            _site("pole-louga", SiteKind.POLE, "Pôle de Louga", (15.6187, -16.2244), ("dakar-louga",), ("diamniadio-louga",)),
            _site("pole-tamba", SiteKind.POLE, "Pôle de Tambacounda", (13.7707, -13.6673), ("dakar-tamba",)),
            _site(
                "dahra",
                SiteKind.CENTRE,
                "Dahra",
                (15.3484, -15.4799),
                ("dakar-louga", "louga-dahra"),
                ("diamniadio-louga", "louga-dahra"),
                pole="pole-louga",
                radio=True,
            ),
            _site("linguere", SiteKind.CENTRE, "Linguère", (15.3953, -15.1193), ("dakar-louga", "louga-linguere"), pole="pole-louga"),
            _site("kedougou", SiteKind.CENTRE, "Kédougou", (12.5556, -12.1808), ("dakar-tamba", "tamba-kedougou"), pole="pole-tamba"),
        ),
        segments=(
            Segment(id="dakar-louga", title="Dakar – Louga", ends=("hub-dakar", "pole-louga"), length_km=200.0),
            Segment(id="diamniadio-louga", title="Diamniadio – Louga", ends=("hub-diamniadio", "pole-louga"), length_km=190.0),
            Segment(id="louga-dahra", title="Louga – Dahra", ends=("pole-louga", "dahra"), length_km=90.0),
            Segment(id="louga-linguere", title="Louga – Linguère", ends=("pole-louga", "coffret-linguere"), length_km=120.0),
            Segment(id="dakar-tamba", title="Dakar – Tambacounda", ends=("hub-dakar", "pole-tamba"), length_km=467.0),
            Segment(
                id="tamba-kedougou",
                title="Tambacounda – Kédougou",
                ends=("pole-tamba", "kedougou"),
                length_km=233.0,
                points=(
                    RoutePoint(km=0.0, latitude=13.7707, longitude=-13.6673, title="Tambacounda"),
                    RoutePoint(km=118.0, latitude=13.0, longitude=-13.0, title="Mako"),
                    RoutePoint(km=233.0, latitude=12.5605, longitude=-12.1747, title="Kédougou"),
                ),
            ),
        ),
        rendered_from="sha256:00112233445566778899aabbccddeeff",
    )


def _site(
    name: str, kind: SiteKind, title: str, at: tuple[float, float], *ways: tuple[str, ...], pole: str | None = None, radio: bool = False
) -> Site:
    paths = [
        Path(id=f"fibre-{number}", hub=f"hub-{way[0].split('-')[0]}", segments=way, probe=IPv4Address(f"10.70.{len(name)}.{number + 1}"))
        for number, way in enumerate(ways)
    ]
    if radio:
        paths.append(Path(id="4g", hub="hub-dakar", medium=Medium.RADIO, probe=IPv4Address(f"10.71.{len(name)}.1")))
    return Site(name=name, kind=kind, title=title, region="Louga", latitude=at[0], longitude=at[1], tier=1, pole=pole, paths=tuple(paths))


def seen(topology: Topology, *fallen: tuple[str, str, Reach]) -> Observed:
    """Return every path up since an hour, but for those named (site, beginning of the path's id, what it is since a minute)."""
    states = []
    for site in topology.sites:
        for path in site.paths:
            reach = next((reach for name, start, reach in fallen if site.name == name and path.id.startswith(start)), Reach.UP)
            since = NOW - (3600 if reach is Reach.UP else 60)
            reason = "sonde muette" if reach is Reach.UNKNOWN else ""
            states.append(PathState(site=site.name, path=path.id, reach=reach, since=since, reason=reason))
    return Observed(at=NOW, paths=tuple(states))
