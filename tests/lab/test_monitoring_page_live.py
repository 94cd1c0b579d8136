"""From a cut on a real wire to the page: the exporter whole, sixty sites, ten seconds; and a name that outlives a restart."""

from __future__ import annotations

import contextlib
import http.client
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import urlencode

import pytest

from monitoring.assembly import Page, parts_of
from monitoring.exporter import Exporter, Options
from monitoring.noc.part import NocPart
from monitoring.topology import Segment, Site, SiteKind, Topology
from provisioner import command
from tests.lab.wire import FAR, FAR_HOSTS, Wire, inside, wire
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A running exporter with its page, inside the namespace at the near end of the wire."""

    near: str
    port: int

    def ask(self, address: str, form: dict[str, str] | None = None, cookie: str = "") -> tuple[http.client.HTTPResponse, str]:
        """Ask the page from its own host."""
        return inside(self.near, lambda: self._ask(address, form, cookie))

    def _ask(self, address: str, form: dict[str, str] | None, cookie: str) -> tuple[http.client.HTTPResponse, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
        connection.request("GET" if form is None else "POST", address, None if form is None else urlencode(form), headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer, text

    def until(self, met: Callable[[str], object], seconds: float) -> tuple[float, str]:
        """Return how long it took until the live part met a condition, and that part."""
        begin = time.monotonic()
        while not met(text := self.ask("/fragment")[1]):
            assert time.monotonic() - begin < seconds, "too late"
            time.sleep(0.1)
        return time.monotonic() - begin, text


@contextlib.contextmanager
def watching(near: str, state: Path, topology: Path) -> Iterator[Watched]:
    """Run the exporter as its command does."""

    def make() -> tuple[Exporter, int]:
        parts = parts_of(state, Page(listen=("127.0.0.1", 0)))
        page = next(part for part in parts if isinstance(part, NocPart))
        return Exporter(Options(topology=topology, state=state, listen=("127.0.0.1", 0)), parts), page.port

    exporter, port = inside(near, make)
    exporter.start()
    thread = threading.Thread(target=exporter.run)
    thread.start()
    try:
        yield Watched(near=near, port=port)
    finally:
        exporter.end()
        thread.join()
        exporter.stop()


@pytest.fixture
def joined() -> Iterator[tuple[Wire, str]]:
    with wire() as (made, near, _):
        command.run(["ip", "-n", near, "link", "set", "lo", "up"])
        yield made, near


def test_a_cut_is_on_the_page_within_ten_seconds_and_its_name_outlives_a_restart(joined: tuple[Wire, str], tmp_path: Path) -> None:
    made, near = joined
    topology = tmp_path / "topology.json"
    topology.write_text(text_of(network()), encoding="utf-8")
    with watching(near, tmp_path, topology) as page:
        page.until(lambda text: f"<b>{FAR_HOSTS + 1}</b> en service" in text, 20)
        made.manner.cut = True
        took, text = page.until(lambda text: "<article" in text and f"<b>{FAR_HOSTS}</b> hors service" in text, 20)
        answer, whole = page.ask("/")
        name = whole.split('<article id="i-')[1].split('"')[0]
        form = {"nom": "Awa Ndiaye", "jeton": whole.split('name="jeton" value="')[1].split('"')[0]}
        taken, _ = page.ask(f"/incident/{name}/acquitter", form, answer.headers["Set-Cookie"].split(";")[0])
        _, sheet = page.ask(f"/incident/{name}")
    with watching(near, tmp_path, topology) as page:
        _, again = page.until(lambda text: "par Awa Ndiaye" in text, 20)
        made.manner.cut = False
        page.until(lambda text: f"<b>{FAR_HOSTS + 1}</b> en service" in text, 20)

    assert took <= 10, took
    assert text.count("<article") == 1
    assert "coupure de fibre" in text
    assert taken.status == 303
    assert "par Awa Ndiaye" in sheet
    assert again.count("<article") == 1
