"""A hub that is lost is one incident, however many sites lose a path by it."""

from __future__ import annotations

from dataclasses import replace

from monitoring.blocks.incidents import incident_blocks
from monitoring.exposition import Form, page
from monitoring.incidents.engine import Memory, advance
from monitoring.incidents.incident import Cause, Incident, Kind
from monitoring.observed import Observed, Reach
from monitoring.topology import SiteKind, Topology
from tests.unit.monitoring_meaning.networks import HUBS, NOON, Scene, indexed, path, seen, segment, site


def two_trunks() -> Topology:
    """Return two poles, each with a trunk of its own to each hub."""
    sites = [site(name, SiteKind.HUB) for name in HUBS]
    segments = []
    for pole in ("east", "west"):
        trunks = [segment(hub, pole) for hub in HUBS]
        segments += trunks
        ways = [path(hub, hub, [trunk.id]) for hub, trunk in zip(HUBS, trunks, strict=True)]
        sites.append(site(pole, SiteKind.POLE, paths=ways))
    return Topology(vantage=HUBS[0], sites=tuple(sites), segments=tuple(segments))


def one_cable() -> Topology:
    """Return two poles behind one cable, over which the tunnels of both hubs come: first hub, second hub, poles."""
    cable = segment(*HUBS)
    sites = [site(name, SiteKind.HUB) for name in HUBS]
    segments = [cable]
    for pole in ("east", "west"):
        drop = segment(HUBS[1], pole)
        segments.append(drop)
        sites.append(site(pole, SiteKind.POLE, paths=[path("a", HUBS[0], [cable.id, drop.id]), path("b", HUBS[1], [drop.id])]))
    return Topology(vantage=HUBS[0], sites=tuple(sites), segments=tuple(segments))


def without_hub(network: Topology, hub: str) -> tuple[Incident, ...]:
    lost = {(one.name, way.id) for one in network.sites for way in one.paths if way.hub == hub}
    all_up = seen(network, Scene())
    paths = tuple(replace(one, reach=Reach.DOWN, since=NOON) if (one.site, one.path) in lost else one for one in all_up.paths)
    return advance(indexed(network), Memory(), Observed(at=all_up.at, paths=paths)).incidents


def test_all_trunks_of_a_hub_at_once_are_the_hub() -> None:
    (incident,) = without_hub(two_trunks(), HUBS[0])

    assert (incident.kind, incident.cause) == (Kind.REDUNDANCY, Cause.UNDETERMINED)
    assert incident.title == "Hub Dakar"
    assert incident.weakened == ("east", "west")


def test_a_hub_behind_a_cable_in_use_is_not_the_cable() -> None:
    (incident,) = without_hub(two_trunks_shared(), HUBS[0])

    assert incident.segments == ()
    assert (incident.title, incident.cause) == ("Tunnels : Hub Dakar", Cause.EQUIPMENT)


def two_trunks_shared() -> Topology:
    """Return one_cable with a third pole between the hubs' cable and the second hub, so that the cable is in use."""
    network = one_cable()
    cable, drop = network.segments[0], segment(HUBS[0], "north")
    north = site("north", SiteKind.POLE, paths=[path("b", HUBS[1], [cable.id, drop.id])])
    return replace(network, vantage=HUBS[1], sites=(*network.sites, north), segments=(*network.segments, drop))


def test_a_lost_hub_speaks_for_every_site_that_lost_a_path() -> None:
    network = two_trunks()
    index = indexed(network)
    memory = Memory(at=NOON + 20, incidents=without_hub(network, HUBS[0]))

    shown = page(incident_blocks(index, memory), Form.TEXT).decode()

    assert shown.count("noc_incident_site_info{") == 2
    assert "fibre_segment_up{" not in shown
