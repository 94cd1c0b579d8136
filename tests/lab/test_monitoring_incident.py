"""From a cut on a real wire to the incident: the exporter whole, sixty sites, ten seconds."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from monitoring.exporter import Exporter, Options
from monitoring.exposition import Form
from monitoring.incidents.incident import Cause, Stage
from monitoring.meaning import MeaningPart
from monitoring.topology import Segment, Site, SiteKind, Topology
from tests.lab.wire import FAR, FAR_HOSTS, NEAR, inside, wire
from tests.unit.monitoring_meaning.networks import HUBS, path, segment, site
from tests.unit.monitoring_meaning.topology_text import text_of

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root for namespaces and a raw socket"),
    pytest.mark.skipif(not Path("/dev/net/tun").exists(), reason="needs /dev/net/tun"),
]


def network() -> Topology:
    """Return a pole and its sites behind one trunk, each answering at its own address of the wire's far end."""
    trunk = segment(HUBS[0], "pole", 200.0)
    sites: list[Site] = [site(HUBS[0], SiteKind.HUB)]
    segments: list[Segment] = [trunk]
    for number in range(1, FAR_HOSTS + 1):
        name = "pole" if number == 1 else f"site-{number}"
        drops = () if number == 1 else (segment("pole", name, 5.0),)
        segments += drops
        way = replace(path("dakar", HUBS[0], [trunk.id, *(one.id for one in drops)]), probe=IPv4Address(FAR.format(number)))
        sites.append(site(name, SiteKind.POLE if number == 1 else SiteKind.CENTRE, None if number == 1 else "pole", [way]))
    return Topology(vantage=HUBS[0], sites=tuple(sites), segments=tuple(segments))


def waited(until: Callable[[], bool], seconds: float) -> float:
    """Return how long something took, or fail."""
    begin = time.monotonic()
    while not until():
        assert time.monotonic() - begin < seconds, "too late"
        time.sleep(0.05)
    return time.monotonic() - begin


def test_a_cut_of_sixty_sites_is_one_incident_within_ten_seconds(tmp_path: Path) -> None:
    file = tmp_path / "topology.json"
    file.write_text(text_of(network()), encoding="utf-8")
    meaning = MeaningPart(tmp_path)
    with wire() as (made, near, _):
        exporter = inside(near, lambda: Exporter(Options(topology=file, listen=(NEAR, 0)), (meaning,)))
        exporter.start()
        thread = threading.Thread(target=exporter.run)
        thread.start()
        try:
            waited(lambda: exporter.pages.get(Form.TEXT).plain.count(b'state="up"} 1.0') == FAR_HOSTS, 15)
            made.manner.cut = True
            took = waited(lambda: bool(meaning.incidents()), 15)
            (incident,) = meaning.incidents()
            time.sleep(3)
            after = meaning.incidents()
            made.manner.cut = False
            waited(lambda: meaning.incidents()[0].stage is Stage.RECOVERING, 15)
        finally:
            exporter.end()
            thread.join()
            exporter.stop()

    assert took <= 10, took
    assert (incident.segments, incident.cause, len(incident.sites)) == (("hub-dakar--pole",), Cause.CUT, FAR_HOSTS)
    assert [one.id for one in after] == [incident.id], "no second one, no other name"
