"""A table on A4 pages as PDF 1.4 (ISO 32000-1): one font that every reader has, nothing else, so no library is needed."""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_WIDTH, _HEIGHT, _MARGIN = 595, 842, 28  # points
_LINE, _SIZE, _TITLE_SIZE = 12.5, 8.0, 14.0
_GAP = 4.0  # between two columns
# Widths of Helvetica's characters from the space on, in thousandths of the size (Adobe's font metrics).
# fmt: off
_HELVETICA = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556,
    556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)
# fmt: on
_UNKNOWN_WIDTH = 556


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column's head, its width in points, and whether its cells stand at the right."""

    title: str
    width: float
    right: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Rows under a title, and perhaps their sum."""

    title: str
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """All that is printed."""

    title: str
    notes: tuple[str, ...]
    columns: tuple[Column, ...]
    sections: tuple[Section, ...]


def document(table: Table) -> bytes:
    """Return the PDF's bytes; the same table gives the same bytes."""
    sheets = _sheets(table)
    contents = [_content(table, sheet, f"{number} / {len(sheets)}") for number, sheet in enumerate(sheets, 1)]
    return _file(table.title, contents)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One line of a page: cells, or one text over all columns if there is a single one."""

    cells: tuple[str, ...]
    bold: bool = False


def _sheets(table: Table) -> list[list[_Row]]:
    """Cut the sections into pages; a title never stands alone at the foot of one."""
    heads = _Row(cells=tuple(column.title for column in table.columns), bold=True)
    most = int((_HEIGHT - 2 * _MARGIN - 3 * _LINE) / _LINE)
    sheets: list[list[_Row]] = [[_Row(cells=(note,)) for note in table.notes]]
    for section in table.sections:
        rows = [_Row(cells=cells) for cells in section.rows]
        rows += [_Row(cells=("Ensemble", *section.total[1:]), bold=True)] if section.total is not None else []
        if not rows:
            continue
        if len(sheets[-1]) + 4 > most:
            sheets.append([])
        sheets[-1] += [_Row(cells=("",)), _Row(cells=(section.title,), bold=True), heads]
        for row in rows:
            if len(sheets[-1]) >= most:
                sheets.append([heads])
            sheets[-1].append(row)
    return sheets


def _content(table: Table, rows: Sequence[_Row], foot: str) -> bytes:
    """Return the operators that draw one page (ISO 32000-1, 9.4)."""
    y = float(_HEIGHT - _MARGIN - _TITLE_SIZE)
    parts = [_text(_MARGIN, y, table.title, bold=True, size=_TITLE_SIZE), _text(_WIDTH - _MARGIN - _length(foot), _MARGIN - 12.0, foot)]
    y -= _LINE * 1.5
    for row in rows:
        if len(row.cells) == 1:
            parts.append(_text(_MARGIN, y, row.cells[0], bold=row.bold))
        else:
            parts += _cells(table.columns, row, y)
        y -= _LINE
    return b"\n".join(parts)


def _cells(columns: Sequence[Column], row: _Row, y: float) -> Iterable[bytes]:
    x = float(_MARGIN)
    for column, cell in zip(columns, row.cells, strict=True):
        text = _fitting(cell, column.width - _GAP)
        left = x + column.width - _GAP - _length(text) if column.right else x + (_GAP if x > _MARGIN else 0)
        yield _text(left, y, text, bold=row.bold)
        x += column.width
    yield f"0.8 G 0.4 w {_MARGIN} {y - 3.5:.1f} m {x:.1f} {y - 3.5:.1f} l S".encode()


def _text(x: float, y: float, text: str, *, bold: bool = False, size: float = _SIZE) -> bytes:
    shown = _bytes(text).replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    return f"BT /{'B' if bold else 'R'} {size} Tf {x:.1f} {y:.1f} Td (".encode() + shown + b") Tj ET"


def _bytes(text: str) -> bytes:
    """Return text in the font's encoding; what it lacks becomes a question mark, and no control character passes."""
    plain = "".join(one if one.isprintable() or one == "\N{NO-BREAK SPACE}" else " " for one in text.replace("\N{MINUS SIGN}", "-"))
    return plain.encode("cp1252", "replace")


def _length(text: str) -> float:
    """Return how wide a text is in points; accents add nothing, and bold is near enough."""
    total = 0
    for one in unicodedata.normalize("NFKD", text):
        if not unicodedata.combining(one):
            place = ord(one) - ord(" ")
            total += _HELVETICA[place] if 0 <= place < len(_HELVETICA) else _UNKNOWN_WIDTH
    return total * _SIZE / 1000


def _fitting(text: str, width: float) -> str:
    if _length(text) <= width:
        return text
    while text and _length(text + "...") > width:
        text = text[:-1]
    return text + "..."


def _file(title: str, contents: Sequence[bytes]) -> bytes:
    """Return the file: catalogue, page tree, two fonts, the pages, and the table of where each object begins."""
    kids = " ".join(f"{6 + 2 * number} 0 R" for number in range(len(contents)))
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    name = "<FEFF" + title.encode("utf-16-be").hex().upper() + ">"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (fr) /ViewerPreferences << /DisplayDocTitle true >> >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(contents)} >>".encode(),
        font.format("Helvetica").encode(),
        font.format("Helvetica-Bold").encode(),
        f"<< /Title {name} /Producer (Teranga) >>".encode(),
    ]
    for number, content in enumerate(contents):
        packed = zlib.compress(content, 9)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {_WIDTH} {_HEIGHT}] /Contents {7 + 2 * number} 0 R "
            "/Resources << /Font << /R 3 0 R /B 4 0 R >> >> >>".encode()
        )
        objects.append(f"<< /Length {len(packed)} /Filter /FlateDecode >>\nstream\n".encode() + packed + b"\nendstream")
    out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, one in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + one + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode() + b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 5 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
