"""From a cut on a real wire to the incident: the exporter whole, sixty sites, ten seconds."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from monitoring.assembly import Page, parts_of
from monitoring.exporter import Exporter, Options
from monitoring.exposition import Form
from monitoring.incidents.incident import Cause, Stage
from monitoring.incidents.store import load
from monitoring.meaning import MeaningPart
from monitoring.noc.part import NocPart
from monitoring.topology import Segment, Site, SiteKind, Topology
from provisioner import command
from tests.lab.wire import FAR, FAR_HOSTS, inside, wire
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


@contextmanager
def running(folder: Path, near: str) -> Iterator[tuple[Exporter, MeaningPart, NocPart]]:
    """Yield the exporter whole, in a namespace, with the parts that its command line gives it."""
    file = folder / "topology.json"
    file.write_text(text_of(network()), encoding="utf-8")
    command.run(["ip", "-n", near, "link", "set", "lo", "up"])
    parts = inside(near, lambda: parts_of(folder, Page(listen=("127.0.0.1", 0))))
    exporter = inside(near, lambda: Exporter(Options(topology=file, listen=("127.0.0.1", 0)), parts))
    meaning, page = parts
    assert isinstance(meaning, MeaningPart)
    assert isinstance(page, NocPart)
    exporter.start()
    thread = threading.Thread(target=exporter.run)
    thread.start()
    try:
        yield exporter, meaning, page
    finally:
        exporter.end()
        thread.join()
        exporter.stop()


def shown(page: NocPart) -> tuple[str, ...]:
    """Return the names of the open incidents on the page."""
    posted = page.board.now
    return tuple(one.incident.id for one in posted.view.incidents) if posted else ()


def test_a_cut_of_sixty_sites_is_one_incident_on_the_page_within_ten_seconds(tmp_path: Path) -> None:
    with wire() as (made, near, _), running(tmp_path, near) as (exporter, meaning, page):
        waited(lambda: exporter.pages.get(Form.TEXT).plain.count(b'state="up"} 1.0') == FAR_HOSTS, 15)
        made.manner.cut = True
        took = waited(lambda: bool(shown(page)), 15)
        first = meaning.incidents()
        time.sleep(3)
        after = meaning.incidents()
        meaning.acknowledge(first[-1].id, "Awa", time.time())
        made.manner.cut = False
        waited(lambda: meaning.incidents()[0].stage is Stage.RECOVERING, 15)

    assert took <= 10, took
    assert len(first) == 1, [(one.segments, len(one.sites), one.opened, one.updated, one.stage, one.kind) for one in first]
    (incident,) = first
    assert (incident.segments, incident.cause, len(incident.sites)) == (("hub-dakar--pole",), Cause.CUT, FAR_HOSTS)
    assert [one.id for one in after] == [incident.id], "no second one, no other name"
    kept = load(tmp_path / "incidents.json").incidents
    assert [one.id for one in kept] == [incident.id], [
        (one.title, one.sites, one.weakened, one.kind, one.opened, one.updated, one.evidence) for one in kept
    ]
    assert kept[0].acknowledged is not None
