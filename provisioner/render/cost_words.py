"""A bill as JSON, as CSV for a spreadsheet, and as text."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import asdict

from provisioner.render.cost import Bill, Line

Translate = Callable[[str], str]

_NARROW, _FIRM = "\u202f", "\u00a0"  # spaces that do not break: between thousands, before a unit (as CLDR writes fr_SN)
_COLUMNS = ("article", "title", "quantity", "spares", "unit_fcfa", "total_fcfa", "monthly", "kwh_month", "priced_on", "source")
HEADS = ("article", "number", "spares", "unit price", "total", "priced on")


def money(francs: int) -> str:
    """Return francs as they are written in Senegal: 70 000 000 F CFA."""
    return f"{francs:,}".replace(",", _NARROW) + f"{_FIRM}F{_FIRM}CFA"


def as_json(bill: Bill) -> str:
    """Return the whole bill as JSON."""
    lines = [
        asdict(line) | {"total": line.total, "priced_on": line.priced_on.isoformat(), "kwh": round(line.kwh, 1)} for line in bill.lines
    ]
    fields = {
        "sites": bill.sites,
        "currency": "XOF",
        "lines": lines,
        "without_tax": bill.once,
        "vat_percent": bill.vat_percent,
        "vat": bill.vat,
        "with_tax": bill.once + bill.vat,
        "monthly_without_tax": bill.monthly,
        "kwh_month": round(bill.kwh, 1),
        "energy_month_without_tax": bill.energy,
        "not_priced": dict(bill.unpriced),
        "estimates": bill.estimated,
    }
    return json.dumps(fields, ensure_ascii=False, indent=2)


def as_csv(bill: Bill) -> str:
    """Return the lines as CSV (RFC 4180), one article a line, money in whole francs."""
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(_COLUMNS)
    for line in bill.lines:
        monthly = "yes" if line.monthly else "no"
        figures = (line.quantity, line.spares, line.unit, line.total, monthly, round(line.kwh, 1), line.priced_on.isoformat())
        writer.writerow((line.article, line.title, *figures, line.source))
    return sheet.getvalue()


def as_text(bill: Bill, translate: Translate) -> str:
    """Return the bill for people."""
    heads = tuple(translate(head) for head in HEADS)
    rows = [heads, *(_row(line, translate) for line in bill.lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    table = [_aligned(row, widths) for row in rows]
    who = bill.sites[0] if len(bill.sites) == 1 else translate("{count} sites").format(count=len(bill.sites))
    return "\n".join(
        (f"{who}: " + translate("bill of materials and cost"), "", *table, "", *_sums(bill, translate), *_doubts(bill, translate))
    )


def _row(line: Line, translate: Translate) -> tuple[str, ...]:
    per = " " + translate("a month") if line.monthly else ""
    day = line.priced_on.isoformat() + (" *" if line.source.startswith("estimate") else "")
    return (line.title, str(line.quantity), str(line.spares), money(line.unit) + per, money(line.total) + per, day)


def _aligned(row: tuple[str, ...], widths: list[int]) -> str:
    first, *rest = [
        cell.ljust(width) if column == 0 else cell.rjust(width) for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join((first, *rest))


def _sums(bill: Bill, translate: Translate) -> list[str]:
    return [
        translate("purchase without tax: {sum}").format(sum=money(bill.once)),
        translate("VAT {percent} %: {sum}").format(percent=bill.vat_percent, sum=money(bill.vat)),
        translate("purchase with tax: {sum}").format(sum=money(bill.once + bill.vat)),
        translate("subscriptions a month, without tax: {sum}").format(sum=money(bill.monthly)),
        translate("energy a month: {kwh} kWh, {sum} without tax").format(kwh=f"{bill.kwh:.0f}", sum=money(bill.energy)),
    ]


def _doubts(bill: Bill, translate: Translate) -> list[str]:
    told = []
    if bill.estimated:
        words = translate("* {count} of {all} prices are estimates: put quotations into prices.yml")
        told.append(words.format(count=bill.estimated, all=len(bill.lines)))
    told += [translate("not priced: {thing}, {count}").format(thing=thing, count=count) for thing, count in bill.unpriced]
    return told
