"""Renders the view: the page, its live part, the sheet of an incident, a site. Text in, text out; nothing is looked up."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from monitoring import french
from monitoring.incidents.incident import Kind
from monitoring.noc import words
from monitoring.noc.chart import HEIGHT, WIDTH, chart
from monitoring.noc.query import Query
from monitoring.noc.tree import tree
from monitoring.noc.view import HealthView, IncidentView, SiteView, State, View
from monitoring.observed import Reach
from monitoring.sla.availability import Verdict
from monitoring.sla.history import Span
from monitoring.sla.lines import Line
from monitoring.sla.report import STYLE, VERDICT
from monitoring.topology import SiteKind

STALE_SECONDS = 60.0  # measures older than this are said to be old; a cut must be seen within 10 s
_TEMPLATES = Path(__file__).parent / "templates"
_SHORT = {State.DOWN: "hs", State.UNKNOWN: "in", State.DEGRADED: "dg", State.MAINTENANCE: "mt", State.UP: "es"}
_REACH_SHORT = {Reach.UP: "es", Reach.DOWN: "hs", Reach.UNKNOWN: "in"}
_KIND_SHORT = {Kind.OUTAGE: "hs", Kind.BLIND: "in", Kind.REDUNDANCY: "dg"}
_COLUMNS = (("bandeau",), ("incidents", "surveiller", "supervision"), ("carte", "arbre"), ("mur",), ("sla",))  # side by side if wide
_NO_POLE = "Hubs et pôles"
_SLA_ROWS = 20  # sites in the page's table; the month's report has them all
# Characters that a device could use to break a line or turn the reading direction around (Unicode TR 36).
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Who looks, when, at what: now in seconds since 1970, the token of their forms, the person's name if it is known.

    `base` is the path under which the page is mounted, without a slash at its end.
    """

    now: float
    query: Query
    base: str = ""
    token: str = ""
    person: str = ""


def page(view: View, visit: Visit) -> str:
    """Return the whole page."""
    body = Markup(live(view, visit))  # noqa: S704, escaped where it was made
    return _environment().get_template("page.html.j2").render(live=body, **_common(view, visit))


def live(view: View, visit: Visit) -> str:
    """Return the part of the page that renews itself; each section carries a sum of itself, so that only what changed moves."""
    names = _material(view, visit)
    still = _still(replace(view, at=0.0), visit.query, visit.base)
    parts = []
    for column in _COLUMNS:
        sections = "\n".join(still.get(name) or _section(name, names) for name in column)
        parts.append(f'<div class="colonne">{sections}</div>' if len(column) > 1 else sections)
    return "\n".join(parts)


@lru_cache(maxsize=8)
def _still(view: View, query: Query, base: str) -> Mapping[str, str]:
    """Return the sections that name neither a moment nor a person: many browsers share them, and most looks change nothing."""
    shown = [one for one in view.sites if query.matches(one)]
    names = _common(view, Visit(now=view.at, query=query, base=base)) | {
        "shown": shown,
        "chart": chart(view, shown),
        "size": (WIDTH, HEIGHT),
        "tree": tree(view, shown),
        "wall": _wall(view, shown),
        "sla": _sla_rows(view, query, {one.name for one in shown}),
    }
    return {name: _section(name, names) for name in ("carte", "arbre", "mur", "sla")}


def forget() -> None:
    """Forget the sections that were made, as a new process would: for those who measure."""
    _still.cache_clear()


def _section(name: str, names: Mapping[str, object]) -> str:
    body = _environment().get_template(f"{name}.html.j2").render(**names)
    return f'<section id="{name}" data-somme="{zlib.crc32(body.encode()):08x}">{body}</section>'


def sheet(view: View, one: IncidentView, visit: Visit) -> str:
    """Return the printable sheet of one incident."""
    return _environment().get_template("fiche.html.j2").render(one=one, **_common(view, visit))


def site(view: View, one: SiteView, spans: tuple[Span, ...], visit: Visit) -> str:
    """Return one site: its paths, and its states of the last days, newest first."""
    row = next((row for row in view.sla if row.name == one.name and not row.total), None)
    return _environment().get_template("site.html.j2").render(site=one, spans=spans, row=row, **_common(view, visit))


def message(title: str, text: str) -> str:
    """Return a page that says one thing."""
    return _environment().get_template("message.html.j2").render(title=title, text=text, style=style())


@lru_cache(maxsize=1)
def style() -> Markup:
    """Return the style sheet; it stands in every page, so that a saved one looks the same."""
    return Markup((_TEMPLATES / "style.css").read_text(encoding="utf-8"))  # noqa: S704, our own file


@lru_cache(maxsize=1)
def script() -> Markup:
    """Return the script that keeps the page live."""
    return Markup((_TEMPLATES / "page.js").read_text(encoding="utf-8"))  # noqa: S704, our own file


@lru_cache(maxsize=1)
def content_security_policy() -> str:
    """Return the policy: nothing from elsewhere, and inside the page only our own style and script, by their hashes."""
    styles = " ".join(f"'sha256-{_sum(one)}'" for one in (style(), STYLE))
    return (
        f"default-src 'none'; style-src {styles}; script-src 'sha256-{_sum(script())}'; connect-src 'self'; img-src 'self' data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _sum(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _common(view: View, visit: Visit) -> dict[str, object]:
    return {
        "view": view,
        "visit": visit,
        "query": visit.query,
        "now": visit.now,
        "stale": visit.now - view.at > STALE_SECONDS,
        "style": style(),
        "script": script(),
        "poles": [one for one in view.sites if one.kind is SiteKind.POLE],
    }


def _material(view: View, visit: Visit) -> dict[str, object]:
    """Return what the sections read that change with the moment or the person."""
    names = {one.name for one in view.sites if visit.query.matches(one)}
    incidents = [one for one in view.incidents if visit.query.touches(one)]
    cards = {one.incident.id for one in incidents}  # what has a card of its own needs no line beside it
    watch = [one for one in view.watch if one.incident not in cards and (one.site in names or not visit.query.narrows)]
    return _common(view, visit) | {
        "shown": names,
        "outages": [one for one in incidents if one.incident.kind is not Kind.REDUNDANCY],
        "redundancy": [one for one in incidents if one.incident.kind is Kind.REDUNDANCY],
        "watch": watch,
        "health": sorted(view.health, key=_gravity),
    }


def _wall(view: View, shown: list[SiteView]) -> Mapping[str, list[SiteView]]:
    """Return the sites by the title of their pole, in the order of the topology, so that each keeps its place."""
    by_pole: dict[str, list[SiteView]] = {_NO_POLE: []}
    for one in shown:
        pole = view.site_by_name.get(one.pole) if one.pole is not None else None
        title = pole.title if pole is not None else _NO_POLE
        by_pole.setdefault(title, []).append(one)
    return {title: sites for title, sites in by_pole.items() if sites}


def _sla_rows(view: View, query: Query, names: set[str]) -> list[Line]:
    """Return the poles, then the sites that were asked for, or else those furthest below their objective."""
    poles = [row for row in view.sla if row.total and (row.name in names or not query.narrows)]
    rows = [row for row in view.sla if not row.total and row.name in names]
    if not query.narrows:
        rows = [row for row in rows if row.kept.verdict(row.objective) is Verdict.MISSED]
    return [*poles, *sorted(rows, key=lambda row: (1.0 if row.kept.share is None else row.kept.share, row.name))[:_SLA_ROWS]]


def _gravity(one: HealthView) -> tuple[int, str]:
    return [Reach.DOWN, Reach.UNKNOWN, Reach.UP].index(one.reach), one.name


def _clean(value: object) -> object:
    """Drop control characters and direction marks from what a device may have said; the escaping comes after."""
    return _UNWANTED.sub("\N{REPLACEMENT CHARACTER}", value) if isinstance(value, str) and not isinstance(value, Markup) else value


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_clean,
    )
    environment.globals |= {
        "w": words,
        "verdicts": VERDICT,
        "f": french,
        "State": State,
        "short": _SHORT,
        "reach_short": _REACH_SHORT,
        "kind_short": _KIND_SHORT,
    }
    return environment
