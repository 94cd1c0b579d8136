"""The report of a month: every site and every pole, for people (HTML, PDF) and for a spreadsheet (CSV). French."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from monitoring import french
from monitoring.sla import pdf
from monitoring.sla.availability import Month, Verdict, month_of_sites
from monitoring.sla.history import History
from monitoring.sla.lines import OBJECTIVES, Line, lines
from monitoring.topology import SiteKind, Topology

VERDICT = MappingProxyType({Verdict.KEPT: "tenu", Verdict.MISSED: "manqué", Verdict.OPEN: "indécis"})

_TEMPLATES = Path(__file__).parent / "templates"
STYLE = (_TEMPLATES / "month.css").read_text(encoding="utf-8")  # stands in the page, so that a saved one looks the same
_MINUTE = timedelta(minutes=1)
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run what begins so


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A pole's communes and their sum, or the hubs and poles themselves, which have none."""

    title: str
    total: Line | None
    rows: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthReport:
    """A month, until when it was measured, and its groups."""

    month: Month
    until: datetime
    groups: tuple[Group, ...]

    @property
    def complete(self) -> bool:
        """Whether the month is over."""
        return self.until >= self.month.end

    @property
    def title(self) -> str:
        """`novembre 2026`, and until when if it is not over."""
        name = f"{french.MONTHS[self.month.number - 1]} {self.month.year}"
        return name if self.complete else f"{name}, jusqu’au {self.until:%d/%m à %H:%M} UTC"


def month_report(
    history: History, topology: Topology, month: Month, until: datetime, objectives: Mapping[SiteKind, float] = OBJECTIVES
) -> MonthReport:
    """Add a month up from the history, for the sites that are watched, until a moment at most."""
    end = min(month.end, until)
    period = (month.start, end)
    kept = month_of_sites(history.spans(*period), history.first_seen(), (site.name for site in topology.sites), period)
    rows = lines(topology, kept, objectives)
    totals = [row for row in rows if row.total]
    groups = [Group(title=total.title, total=total, rows=tuple(row for row in rows if row.pole == total.name)) for total in totals]
    named = {total.name for total in totals}
    alone = tuple(row for row in rows if not row.total and row.pole not in named)
    return MonthReport(month=month, until=end, groups=(*groups, Group(title="Hubs, pôles et autres", total=None, rows=alone)))


def as_csv(report: MonthReport) -> bytes:
    """Return the report for a French spreadsheet: semicolons, decimal commas, UTF-8 with its mark; minutes and percent."""
    text = io.StringIO()
    sheet = csv.writer(text, delimiter=";", lineterminator="\r\n")
    sheet.writerow([
        "mois", "pôle", "site", "titre", "disponibilité %", "au pire %", "objectif %", "verdict", "en service min",
        "hors service non planifié min", "maintenance min", "inconnu min", "interruptions", "plus longue min",
    ])  # fmt: skip
    for group in report.groups:
        for row in (*((group.total,) if group.total else ()), *group.rows):
            sheet.writerow([_safe(field) for field in _fields(report, row)])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def as_html(report: MonthReport) -> bytes:
    """Return the report as a page of its own."""
    names = {"report": report, "f": french, "verdicts": VERDICT, "notes": (_FORMULA, _UNKNOWN), "style": STYLE}
    return _environment().get_template("month.html.j2").render(names).encode()


def as_pdf(report: MonthReport) -> bytes:
    """Return the report as A4 pages."""
    heads = tuple(pdf.Column(title=title, width=width, right=right) for title, width, right in _PDF_COLUMNS)
    sections = []
    for group in report.groups:
        rows = tuple(_pdf_row(row) for row in group.rows)
        total = _pdf_row(group.total) if group.total is not None else None
        sections.append(pdf.Section(title=group.title, rows=rows, total=total))
    notes = (_FORMULA, _UNKNOWN) if report.complete else (_FORMULA, _UNKNOWN, "Le mois n’est pas terminé.")
    return pdf.document(pdf.Table(title=f"Disponibilité : {report.title}", notes=notes, columns=heads, sections=tuple(sections)))


_FORMULA = (
    "A = 1 \N{MINUS SIGN} D non planifiée / (T \N{MINUS SIGN} T maintenance). « Au pire » : si tout le temps inconnu avait été une panne."
)
_UNKNOWN = "L’inconnu (supervision aveugle ou arrêtée) n’est ni service ni panne ; s’il peut changer le verdict, celui-ci est indécis."
_PDF_COLUMNS = (
    ("Site", 124, False),
    ("Disponibilité", 62, True),
    ("Au pire", 56, True),
    ("Objectif", 50, True),
    ("Verdict", 50, False),
    ("Hors service", 66, True),
    ("Maintenance", 66, True),
    ("Inconnu", 62, True),
)

REPORTS: Mapping[str, tuple[str, Callable[[MonthReport], bytes]]] = MappingProxyType({
    "csv": ("text/csv; charset=utf-8", as_csv),
    "html": ("text/html; charset=utf-8", as_html),
    "pdf": ("application/pdf", as_pdf),
})  # fmt: skip


@lru_cache(maxsize=1)
def _environment() -> Environment:
    loader = FileSystemLoader(_TEMPLATES)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def _pdf_row(row: Line) -> tuple[str, ...]:
    kept = row.kept
    return (
        row.title,
        french.percent(kept.share, 3),
        french.percent(kept.worst, 3),
        french.percent(row.objective),
        VERDICT[kept.verdict(row.objective)],
        *(french.lasting(time.total_seconds()) for time in (kept.down, kept.maintenance, kept.unknown)),
    )


def _fields(report: MonthReport, row: Line) -> tuple[str, ...]:
    kept = row.kept
    pole = row.name if row.total else row.pole or ""
    shares = (kept.share, kept.worst, row.objective)
    times = (kept.up, kept.down, kept.maintenance, kept.unknown)
    return (
        str(report.month),
        pole,
        "" if row.total else row.name,
        row.title,
        *("" if share is None else f"{share * 100:.4f}".replace(".", ",") for share in shares),
        VERDICT[kept.verdict(row.objective)],
        *(f"{time / _MINUTE:.1f}".replace(".", ",") for time in times),
        str(kept.outages),
        f"{kept.longest / _MINUTE:.1f}".replace(".", ","),
    )


def _safe(field: str) -> str:
    return f"'{field}" if field.startswith(_FORMULA_SIGNS) else field
