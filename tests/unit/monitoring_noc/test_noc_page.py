"""The page: what it says, what it weighs, what it escapes, and whether its colours can be read."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from monitoring.incidents.incident import Acknowledgement, Cause, Confidence, Evidence, Incident, Kind, Stage
from monitoring.noc import page
from monitoring.noc.assemble import Material, view
from monitoring.noc.page import Visit
from monitoring.noc.query import parse
from monitoring.noc.view import HealthView, View, Watching, WatchView
from monitoring.observed import DeviceState, DownCause, OntState, Reach
from monitoring.topology import Ont
from tests.unit.monitoring_noc.country import all_up, country, cut, silence
from tests.unit.monitoring_noc.small import NOW, seen, small

EVIL = "<img src=x onerror=alert(1)>\"'&\u202e\x1b[31m"
VOID = {"meta", "link", "input", "br", "img"}
OPTIONAL_END = {"li"}  # HTML, 13.1.2.4


class Checker(HTMLParser):
    """Keeps the ids, the elements' names and attributes, and whether they nest."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.ids: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.seen.append((tag, found))
        if found.get("id"):
            self.ids.append(str(found["id"]))
        if tag in OPTIONAL_END and self.stack and self.stack[-1] == tag:
            self.stack.pop()
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while self.stack and self.stack[-1] in OPTIONAL_END and tag != self.stack[-1]:
            self.stack.pop()
        if not self.stack or self.stack.pop() != tag:
            self.wrong.append(f"</{tag}> at {self.getpos()}")


def checked(text: str) -> Checker:
    checker = Checker()
    checker.feed(text)
    return checker


def visit(address: str = "", **changes: object) -> Visit:
    return replace(Visit(now=NOW + 2, query=parse(address), token="jeton-de-test"), **changes)  # type: ignore[arg-type]  # its own fields


def big(shared: Path) -> View:
    """Return the country with 65 sites down, one pole on one path, one site unknown."""
    topology = country(shared / "data" / "senegal-communes.csv")
    down = frozenset(site.name for site in topology.sites if site.pole == "pole-tambacounda")
    weak = tuple(site.name for site in topology.sites if site.pole == "pole-kaolack")
    observed = silence(all_up(topology), down, Reach.DOWN, NOW - 8000)
    observed = silence(observed, frozenset(weak), Reach.DOWN, NOW - 900, "fibre-dakar")
    observed = silence(observed, frozenset({"dahra"}), Reach.UNKNOWN, NOW - 300)
    lost = replace(cut((), segments=("dakar-kaolack",)), id="2026-11-25-002", kind=Kind.REDUNDANCY, weakened=weak, title="Dakar – Kaolack")
    outage = cut(tuple(sorted(down)), segments=("dakar-tambacounda",), kilometre=77.3)
    return view(Material(topology=topology, observed=observed, incidents=(lost, outage)))


def quiet(**changes: object) -> View:
    material = Material(topology=small(), observed=seen(small(), ("kedougou", "", Reach.DOWN)))
    return view(replace(material, **changes))  # type: ignore[arg-type]  # its own fields


def test_a_country_with_a_big_incident_weighs_less_than_300_kb_and_nests(shared: Path) -> None:
    shown = big(shared)

    text = page.page(shown, visit())

    found = checked(text)
    assert len(shown.sites) >= 557
    assert len(text.encode()) <= 300_000
    assert found.wrong == []
    assert found.stack == []
    assert len(found.ids) == len(set(found.ids))


def test_every_site_is_on_the_wall_with_its_word(shared: Path) -> None:
    shown = big(shared)
    text = page.live(shown, visit())
    wall = text[text.index('<section id="mur"') :]

    tiles = re.findall(r'<a class="(\w\w)" href="/site/([\w-]+)">[^<]+<i> ([^<]+)</i></a>', wall)

    assert len(tiles) == len(shown.sites)
    assert {(short, word) for short, _, word in tiles} == {
        ("es", "en service"),
        ("hs", "hors service"),
        ("dg", "dégradé"),
        ("in", "inconnu"),
    }


def test_an_incident_says_cause_evidence_since_sites_place_and_what_to_do() -> None:
    one = cut(("kedougou",), segments=("tamba-kedougou",), kilometre=118.0)
    text = page.page(quiet(incidents=(one,)), visit())

    card = re.sub(r"<[^>]+>|\s+", " ", text[text.index("<article") : text.index("</article>")]).replace("\N{NO-BREAK SPACE}", " ")
    for words in (
        "Coupure de fibre",
        "Envoyer l’équipe fibre",
        "25/11 11:49",
        "2 h 13 min",
        "coupure de fibre, probable",
        "Tambacounda – Kédougou",
        "PK 118,0",
        "13,0000 ; -13,0000",
        "km de",
        "perdu la lumière en 4 s",
        "par personne encore",
    ):
        assert words in card


def test_what_was_taken_in_hand_shows_a_name_and_no_form() -> None:
    one = replace(cut(("kedougou",), segments=()), acknowledged=Acknowledgement(by="Awa Ndiaye", at=NOW - 60))

    text = page.page(quiet(incidents=(one,)), visit())

    assert "par Awa Ndiaye, le 25/11 14:01" in text
    assert 'method="post"' not in text


def test_lost_redundancy_stands_under_what_is_to_be_watched() -> None:
    one = replace(cut((), segments=("dakar-louga",)), kind=Kind.REDUNDANCY, weakened=("dahra",), title="Anneau ouvert")

    text = page.live(quiet(incidents=(one,)), visit())

    assert text.index('id="surveiller"') < text.index("Anneau ouvert") < text.index('id="supervision"')
    assert "Aucun incident." in text


def test_an_open_ring_that_has_a_card_has_no_line_beside_it() -> None:
    one = replace(cut((), segments=("dakar-louga",)), kind=Kind.REDUNDANCY, weakened=("dahra",), title="Anneau ouvert")
    line = WatchView(kind=Watching.RING_OPEN, subject="Anneau ouvert", text="la prochaine coupure l’isole", incident=one.id)
    drift = WatchView(kind=Watching.DRIFT, subject="olt 0/1/0", text="baisse", site="dahra", days_left=12.4)

    text = page.live(quiet(incidents=(one,), watch=(line, drift)), visit())

    assert "la prochaine coupure" not in text
    assert 'À surveiller <span class="doux">(2)' in text
    assert "12\N{NO-BREAK SPACE}j" in text.replace(" j<", "\N{NO-BREAK SPACE}j<")


def evil_view() -> View:
    topology = small()
    bad = replace(topology, sites=tuple(replace(site, title=EVIL, region=EVIL) for site in topology.sites))
    segments = tuple(replace(segment, title=EVIL) for segment in bad.segments)
    one = Incident(
        id="evil-1",
        kind=Kind.OUTAGE,
        title=EVIL,
        segments=("dakar-tamba",),
        sites=("kedougou",),
        cause=Cause.CUT,
        confidence=Confidence.OPEN,
        evidence=(Evidence(text=EVIL, at=NOW),),
        action=EVIL,
        opened=NOW,
        updated=NOW,
        kilometre=3.0,
        acknowledged=Acknowledgement(by=EVIL, at=NOW),
    )
    observed = seen(topology, ("kedougou", "", Reach.UNKNOWN))
    return view(
        Material(
            topology=replace(bad, segments=segments, rendered_from=EVIL),
            observed=replace(observed, blind=EVIL, devices=(DeviceState(device=EVIL, reach=Reach.DOWN, since=NOW, reason=EVIL),)),
            incidents=(one, replace(one, id="evil-2", kind=Kind.REDUNDANCY)),
            closed=(replace(one, id="evil-3", stage=Stage.CLOSED, closed=NOW),),
            watch=(WatchView(kind=Watching.DRIFT, subject=EVIL, text=EVIL),),
            health=(HealthView(name=EVIL, reach=Reach.DOWN, text=EVIL),),
        )
    )


def test_nothing_that_a_device_says_becomes_markup() -> None:
    shown = evil_view()
    who = visit(f"q={EVIL}", person=EVIL, token=EVIL)
    texts = (
        page.page(shown, who),
        page.sheet(shown, shown.incidents[0], who),
        page.site(shown, shown.site_by_name["kedougou"], (), who),
        page.message(EVIL, EVIL),
    )

    for text in texts:
        assert "<img" not in text
        assert "\u202e" not in text
        assert "\x1b" not in text
        found = checked(text)
        assert found.wrong == []
        assert not [name for tag, attributes in found.seen for name in attributes if name.startswith("on") or name == "style"]
        assert not [tag for tag, _ in found.seen if tag == "img"]


def test_the_sheet_prints_everything_and_leaves_room_for_the_team() -> None:
    shown = quiet(incidents=(cut(("kedougou",), segments=("tamba-kedougou",), kilometre=118.0),))

    text = page.sheet(shown, shown.incidents[0], visit())

    assert checked(text).wrong == []
    assert all(words in text for words in ("Fiche d’incident", "Équipe envoyée", "Nom et signature", "PK 118,0"))


def test_a_site_shows_its_light_and_why_it_last_fell() -> None:
    topology = small()
    fed = replace(
        topology,
        sites=tuple(
            replace(site, ont=Ont(olt="olt-tamba", pon="0/1/0", pon_index=7, number=3)) if site.name == "kedougou" else site
            for site in topology.sites
        ),
    )
    ont = OntState(
        olt="olt-tamba",
        pon="0/1/0",
        number=3,
        at=NOW,
        reach=Reach.DOWN,
        rx_dbm=-21.45,
        last_down_at=NOW - 60,
        last_down_cause=DownCause.DYING_GASP,
        distance_m=12_340.0,
    )
    views = [view(Material(topology=fed, observed=replace(seen(fed), onts=(replace(ont, at=NOW + later),)))) for later in (0, 60)]

    text = page.site(views[0], views[0].site_by_name["kedougou"], (), visit())

    assert all(words in text for words in ("-21,45 dBm", "dernier soupir", "12,34 km", "25/11 14:01"))
    assert views[0].sites == views[1].sites  # asking again is no news


def test_old_measures_are_said_to_be_old() -> None:
    assert "ne dit plus rien du présent" in page.page(quiet(), visit(now=NOW + 300))
    assert "ne dit plus rien du présent" not in page.page(quiet(), visit())


def test_a_blind_monitoring_says_so_and_shows_no_outage() -> None:
    shown = quiet(observed=replace(seen(small(), ("kedougou", "", Reach.DOWN)), blind="plus de route"))

    text = page.page(shown, visit())

    assert "La supervision est aveugle : plus de route" in text
    assert page.page(shown, visit()).count('class="in"') >= 4
    assert "<title>0 hors service" in text


def test_filters_work_without_javascript_and_stand_in_the_form() -> None:
    text = page.page(quiet(), visit("q=k%C3%A9dougou&etat=hors-service&pole=pole-tamba"))

    assert 'value="kédougou"' in text
    assert 'value="hors-service" checked' in text
    assert '<option value="pole-tamba" selected>' in text
    assert "/site/dahra" not in text


def test_without_javascript_the_page_renews_itself_unless_told_not_to() -> None:
    assert 'http-equiv="refresh"' in page.page(quiet(), visit())
    assert 'http-equiv="refresh"' not in page.page(quiet(), visit("actualiser=0"))


def test_what_changes_nothing_moves_nothing() -> None:
    sums = [re.findall(r'id="(\w+)" data-somme="(\w+)"', page.live(replace(quiet(), at=at), visit())) for at in (NOW, NOW + 1)]

    changed = {one[0] for one, other in zip(*sums, strict=True) if one != other}
    assert changed == {"bandeau"}


def test_under_a_mount_every_link_stays_under_it() -> None:
    one = cut(("kedougou",), segments=("tamba-kedougou",))
    shown = quiet(incidents=(one,))
    texts = (page.page(shown, visit(base="/noc")), page.sheet(shown, shown.incidents[0], visit(base="/noc")))

    links = [target for text in texts for target in re.findall(r'(?:href|action)="(/[^"]*)"', text)]
    assert links
    assert [link for link in links if not link.startswith("/noc/")] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_have_the_contrast_of_wcag_aa(scheme: str) -> None:
    blocks = re.findall(r":root\{([^}]*)\}", str(page.style()))
    colours = dict(re.findall(r"--(\w+):(#\w+)", blocks[0 if scheme == "light" else 1]))

    grounds = [colours["fond"], colours["carte"]]
    text = [colours[name] for name in ("texte", "doux", "lien", "hs", "in", "dg", "mt", "es")]
    assert [(one, ground) for one in text for ground in grounds if contrast(one, ground) < 4.5] == []
    assert contrast("#fff", colours["alerte"]) >= 4.5
    assert [one for one in ("hs", "in", "dg", "mt", "es", "texte") if contrast(colours[one], colours["terre"]) < 3] == []


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance and contrast ratio."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("reaches", "words"),
    [
        ((), "Aucun équipement n’est collecté"),
        ((Reach.UP, Reach.UP), "2 sur 2 équipements répondent"),
        ((Reach.UP, Reach.DOWN, Reach.UNKNOWN), "1 sur 3 équipements répondent"),
    ],
)
def test_the_monitoring_says_how_many_devices_answer(reaches: tuple[Reach, ...], words: str) -> None:
    devices = tuple(DeviceState(device=f"olt-{number}", reach=reach, since=NOW) for number, reach in enumerate(reaches))

    assert words in page.live(quiet(observed=replace(seen(small()), devices=devices)), visit())
