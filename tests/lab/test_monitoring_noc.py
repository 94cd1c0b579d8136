"""The NOC page in a real Chromium: painted in time, live, with and without JavaScript, with the keyboard, on a telephone.

Pictures are left in build/noc for people to look at.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from monitoring.incidents.incident import Acknowledgement, Incident, Kind
from monitoring.noc.desk import Desk, Look, Settings
from monitoring.observed import DeviceState, Reach
from monitoring.topology import Topology
from provisioner.places import CHECKOUT
from tests.lab import browser as driver
from tests.lab.browser import Browser
from tests.unit.monitoring_noc.country import all_up, country, cut, silence

pytestmark = pytest.mark.lab

PICTURES = CHECKOUT / "build" / "noc"
FRESH = "document.getElementById('direct').textContent === 'En direct'"


@dataclass
class Scene:
    """The country, what is known of it now, and the desk that shows it."""

    desk: Desk
    look: Look
    taken: list[tuple[str, str]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.desk.port}/"

    def show(self, **changes: object) -> None:
        """Look again, now."""
        self.look = replace(self.look, **changes)  # type: ignore[arg-type]  # its own fields
        self.look = replace(self.look, observed=replace(self.look.observed, at=time.time()))
        self.desk.look(self.look)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = driver.installed()
    if program is None:
        pytest.skip("Chromium is not here (apt-get install chromium); only these tests need it")
    opened = Browser(program, tmp_path_factory.mktemp("chromium"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def topology(shared: Path) -> Topology:
    return country(shared / "data" / "senegal-communes.csv")


@pytest.fixture
def scene(tmp_path: Path, topology: Topology) -> Iterator[Scene]:
    taken: list[tuple[str, str]] = []
    desk = Desk(Settings(listen=("127.0.0.1", 0), state=tmp_path), lambda incident, by, _at: taken.append((incident, by)))
    desk.start()
    made = Scene(desk=desk, look=Look(topology=topology, observed=all_up(topology)), taken=taken)
    made.show()
    yield made
    desk.stop()


def disaster(scene: Scene) -> None:
    """Cut a pole off, take one path from another, silence a device."""
    now = time.time()
    sites = scene.look.topology.sites
    down = tuple(sorted(site.name for site in sites if site.pole == "pole-tambacounda"))
    weak = tuple(site.name for site in sites if site.pole == "pole-kaolack")
    observed = silence(scene.look.observed, frozenset(down), Reach.DOWN, now - 8000)
    observed = silence(observed, frozenset(weak), Reach.DOWN, now - 900, "fibre-dakar")
    observed = silence(observed, frozenset({"dahra"}), Reach.UNKNOWN, now - 300)
    observed = replace(
        observed, devices=(DeviceState(device="olt-kaolack", reach=Reach.DOWN, since=now - 700, reason="SNMP : délai dépassé"),)
    )
    lost = replace(cut((), segments=("dakar-kaolack",), opened=now - 900), id="redundancy-1", kind=Kind.REDUNDANCY, weakened=weak)
    lost = replace(lost, title="Dakar – Kaolack", action="Prévenir l’équipe fibre de Kaolack ; rien n’est encore coupé.")
    scene.show(observed=observed, incidents=(big_cut(down, now), lost))


def big_cut(down: tuple[str, ...], now: float) -> Incident:
    return cut(down, segments=("dakar-tambacounda",), opened=now - 8000, kilometre=77.3)


def test_a_country_in_trouble_is_painted_within_a_second_and_nothing_complains(browser: Browser, scene: Scene) -> None:
    disaster(scene)
    browser.size(1400, 1000)
    browser.open(scene.address)
    painted = 1e9
    for _ in range(6):  # the best of a few: other work may have both cores
        browser.open(scene.address)
        painted = min(painted, float(str(browser.run("performance.getEntriesByName('first-contentful-paint')[0].startTime"))))
        if painted <= 1000:
            break
    browser.until_true(FRESH)
    browser.picture(PICTURES / "desktop.png", whole=True)

    assert painted <= 1000
    assert browser.run("document.querySelectorAll('.mur a').length") == len(scene.look.topology.sites)
    assert browser.complaints == []


def test_shapes_of_the_map_have_their_colours(browser: Browser, scene: Scene) -> None:
    disaster(scene)
    browser.open(scene.address)

    for short, what in (("es", "fill"), ("dg", "fill"), ("hs", "stroke"), ("in", "stroke")):
        drawn = browser.run(f"getComputedStyle(document.getElementById('{short}')).{what}")
        word = browser.run(f"getComputedStyle(document.querySelector('.compte .{short}')).color")
        assert drawn == word


def test_a_new_incident_appears_by_itself_and_is_announced(browser: Browser, scene: Scene) -> None:
    browser.size(1400, 1000)
    browser.open(scene.address)
    browser.until_true(FRESH)
    began = time.monotonic()
    disaster(scene)
    browser.until_true("document.querySelectorAll('#incidents article').length === 1")

    assert time.monotonic() - began < 10
    browser.until_true("document.title.startsWith('65 hors service')")
    assert "Coupure de fibre" in str(browser.run("document.getElementById('annonce').textContent"))
    assert browser.complaints == []


def test_a_name_that_is_being_typed_outlives_the_next_look_and_is_sent(browser: Browser, scene: Scene) -> None:
    disaster(scene)
    browser.open(scene.address)
    browser.until_true(FRESH)
    browser.run("document.querySelector('#incidents input[name=nom]').focus()")
    browser.type("Awa Ndiaye")
    scene.show(observed=replace(scene.look.observed, devices=()))
    browser.until_true("document.querySelector('#supervision table') === null")
    assert browser.run("document.activeElement.value") == "Awa Ndiaye"
    browser.run("document.querySelector('#incidents form button').click()")
    browser.until(lambda: scene.taken, "the form to arrive")
    outage = replace(scene.look.incidents[0], acknowledged=Acknowledgement(by="Awa Ndiaye", at=time.time()))
    scene.show(incidents=(outage, *scene.look.incidents[1:]))
    browser.until_true("document.querySelector('#incidents')?.textContent.includes('par Awa Ndiaye')")

    assert scene.taken == [(outage.id, "Awa Ndiaye")]
    assert browser.run("location.hash") == f"#i-{outage.id}"


def test_the_search_narrows_the_page_and_stands_in_the_address(browser: Browser, scene: Scene) -> None:
    disaster(scene)
    browser.open(scene.address)
    browser.until_true(FRESH)
    browser.run("document.getElementById('q').focus()")
    browser.type("bandafâssi")
    browser.until_true("document.querySelectorAll('.mur a').length === 1")
    browser.picture(PICTURES / "search.png")

    assert browser.run("location.search") == "?q=bandaf%C3%A2ssi"
    assert browser.run("document.activeElement.id") == "q"
    browser.open(scene.address + "?etat=hors-service&pole=pole-tambacounda")
    assert browser.run("document.querySelectorAll('.mur a').length") == browser.run("document.querySelectorAll('.mur a.hs').length") == 65


def test_the_keyboard_reaches_every_site_with_few_stops(browser: Browser, scene: Scene) -> None:
    browser.size(1400, 1000)
    browser.open(scene.address)
    browser.until_true(FRESH)
    browser.key("Tab", 9)
    assert browser.run("document.activeElement.getAttribute('href')") == "#incidents"

    browser.run("document.querySelectorAll('.mur')[1].firstElementChild.focus()")
    first = browser.run("document.activeElement.textContent")
    browser.key("ArrowRight", 39)
    second = browser.run("document.activeElement.textContent")
    browser.key("ArrowDown", 40)
    browser.key("ArrowUp", 38)
    assert browser.run("document.activeElement.textContent") == second != first
    browser.key("End", 35)
    browser.key("Home", 36)
    assert browser.run("document.activeElement.textContent") == first
    stops = browser.run(
        "[...document.querySelectorAll('a,button,input,select,summary')].filter((one) => one.tabIndex >= 0 && one.checkVisibility()).length"
    )
    assert int(str(stops)) < 80


def test_without_javascript_everything_can_be_read_and_filtered(browser: Browser, scene: Scene) -> None:
    disaster(scene)
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(scene.address + "?q=bandafassi&actualiser=0")
        browser.picture(PICTURES / "without-javascript.png")
        assert browser.run("document.querySelectorAll('.mur a').length") == 1
        assert "Page fixe" in str(browser.run("document.getElementById('direct').textContent"))
        assert browser.run("document.querySelectorAll('#incidents article').length") == 1
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


def test_without_events_the_page_asks_by_itself(browser: Browser, scene: Scene) -> None:
    gone = str(browser.call("Page.addScriptToEvaluateOnNewDocument", source="delete window.EventSource;")["identifier"])
    try:
        browser.open(scene.address)
        browser.run("{ const now = Date.now; Date.now = () => now() + 11000; }")
        disaster(scene)
        browser.until_true("document.querySelectorAll('#incidents article').length === 1")
    finally:
        browser.call("Page.removeScriptToEvaluateOnNewDocument", identifier=gone)

    assert browser.run("document.getElementById('direct').textContent") == "Actualisée toutes les 10 s"


def test_a_page_that_lost_its_server_says_so_loudly(browser: Browser, scene: Scene) -> None:
    browser.open(scene.address)
    browser.until_true(FRESH)
    scene.desk.stop()
    browser.until(lambda: browser.complaints, "the browser to find nobody there")
    browser.run("{ const now = Date.now; Date.now = () => now() + 60000; }")

    browser.until_true("document.getElementById('direct').className === 'alerte'")
    assert "Connexion perdue" in str(browser.run("document.getElementById('direct').textContent"))
    assert browser.run("getComputedStyle(document.getElementById('direct')).color") == "rgb(255, 255, 255)"
    assert float(str(browser.run("getComputedStyle(document.getElementById('vif')).opacity"))) < 0.5
    browser.picture(PICTURES / "lost.png")


@pytest.mark.parametrize("width", [320, 390])
def test_a_telephone_shows_it_without_scrolling_sideways(browser: Browser, scene: Scene, width: int) -> None:
    disaster(scene)
    browser.size(width, 844)
    for path in ("", "incident/2026-11-25-001", "site/kedougou", "sla/2026-11.html"):
        browser.open(scene.address + path)
        assert int(str(browser.run("document.documentElement.scrollWidth"))) <= width, path
    browser.open(scene.address)
    browser.picture(PICTURES / f"telephone-{width}.png")


def test_the_sheet_prints_on_paper(browser: Browser, scene: Scene) -> None:
    disaster(scene)
    browser.size(1000, 900)
    browser.open(scene.address + "incident/2026-11-25-001")
    browser.call("Emulation.setEmulatedMedia", media="print")
    try:
        browser.picture(PICTURES / "sheet.png", whole=True)
        assert browser.run("getComputedStyle(document.querySelector('.pied')).display") == "none"
        assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    finally:
        browser.call("Emulation.setEmulatedMedia", media="")


def test_the_dark_scheme_is_dark(browser: Browser, scene: Scene) -> None:
    disaster(scene)
    browser.size(1400, 1000)
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    try:
        browser.open(scene.address)
        browser.until_true(FRESH)
        browser.picture(PICTURES / "dark.png")
        assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(15, 21, 27)"
    finally:
        browser.call("Emulation.setEmulatedMedia", features=[])


def test_every_field_link_and_table_head_has_a_name(browser: Browser, scene: Scene) -> None:
    disaster(scene)
    for path in ("", "incident/2026-11-25-001", "site/kedougou", "sla/2026-11.html"):
        browser.open(scene.address + path)
        nameless = browser.run(
            "[...document.querySelectorAll('a,button,input:not([type=hidden]),select,summary,th')]"
            ".filter((one) => !(one.textContent.trim() || one.labels?.length || one.getAttribute('aria-label')))"
            ".map((one) => one.outerHTML)"
        )
        assert nameless == [], path
        assert browser.run("document.querySelectorAll('h1').length") == 1
        assert browser.run("document.documentElement.lang") == "fr"
        assert browser.complaints == [], path
