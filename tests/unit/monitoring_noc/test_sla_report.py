"""The month's report as CSV, page and PDF."""

from __future__ import annotations

import csv
import io
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from monitoring.sla.__main__ import main
from monitoring.sla.availability import Month
from monitoring.sla.history import History, ServiceState
from monitoring.sla.report import MonthReport, as_csv, as_html, as_pdf, month_report
from monitoring.topology import Topology
from tests.unit.monitoring_noc.small import small

START = datetime(2026, 11, 1, tzinfo=UTC)
SILENCE = timedelta(days=40)  # the test records days apart
END = START + timedelta(days=10)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    opened = History(tmp_path / "history.sqlite", SILENCE)
    yield opened
    opened.close()


@pytest.fixture
def report(history: History) -> MonthReport:
    return made(history, small())


def made(history: History, topology: Topology) -> MonthReport:
    everyone = {site.name: ServiceState.UP for site in topology.sites}
    history.record(everyone, START)
    history.record({**everyone, "dahra": ServiceState.DOWN, "linguere": ServiceState.MAINTENANCE}, START + timedelta(days=1))
    history.record(everyone, START + timedelta(days=1, hours=4))
    history.record({**everyone, "kedougou": ServiceState.UNKNOWN}, START + timedelta(days=2))
    history.record(everyone, START + timedelta(days=2, minutes=90))
    history.record(everyone, END)
    return month_report(history, topology, Month(year=2026, number=11), END)


def rows(report: MonthReport) -> dict[str, dict[str, str]]:
    text = as_csv(report).decode("utf-8-sig")
    return {row["site"] or row["titre"]: row for row in csv.DictReader(io.StringIO(text), delimiter=";")}


def test_the_csv_has_every_state_of_every_site(report: MonthReport) -> None:
    found = rows(report)

    dahra, linguere = found["dahra"], found["linguere"]
    assert (dahra["hors service non planifié min"], dahra["disponibilité %"], dahra["verdict"]) == ("240,0", "98,3333", "manqué")
    assert (linguere["maintenance min"], linguere["disponibilité %"], linguere["verdict"]) == ("240,0", "100,0000", "tenu")
    assert (found["kedougou"]["inconnu min"], found["kedougou"]["verdict"]) == ("90,0", "indécis")


def test_a_pole_adds_its_communes_up(report: MonthReport) -> None:
    pole = rows(report)["Pôle de Louga (ses communes)"]

    assert (pole["hors service non planifié min"], pole["maintenance min"], pole["interruptions"]) == ("240,0", "240,0", "1")


def test_a_spreadsheet_runs_nothing_of_a_title(history: History) -> None:
    topology = small()
    evil = replace(topology, sites=tuple(replace(site, title="=HYPERLINK(1)") for site in topology.sites))

    text = as_csv(made(history, evil)).decode("utf-8-sig")

    assert ";'=HYPERLINK(1)" in text
    assert ";=HYPERLINK" not in text


def test_the_page_escapes_titles_and_names_the_states(history: History) -> None:
    topology = small()
    evil = replace(topology, sites=tuple(replace(site, title="<script>alert(1)</script>") for site in topology.sites))

    text = as_html(made(history, evil)).decode()

    assert "<script" not in text
    assert all(word in text for word in ("Maintenance", "Inconnu", "indécis", "jusqu’au 11/11 à 00:00 UTC"))
    HTMLParser().feed(text)


def test_the_pdf_is_whole(report: MonthReport) -> None:
    data = as_pdf(report)
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", data)[1])  # type: ignore[index]  # it is there, or the test fails
    places = [int(line[:10]) for line in data[start:].split(b"\n")[3:] if line.endswith(b"00000 n ")]

    assert data.startswith(b"%PDF-1.4")
    assert [data[place:].split(b"\n")[0] for place in places] == [f"{number} 0 obj".encode() for number in range(1, len(places) + 1)]
    assert as_pdf(report) == data


def test_the_pdf_says_what_the_page_says(report: MonthReport) -> None:
    streams = re.findall(rb"/FlateDecode >>\nstream\n(.*?)\nendstream", as_pdf(report), re.DOTALL)
    text = b"".join(zlib.decompress(stream) for stream in streams).decode("cp1252")

    assert all(
        f"({word})" in text
        for word in ("Kédougou", "98,333\N{NO-BREAK SPACE}%", "4\N{NO-BREAK SPACE}h\N{NO-BREAK SPACE}00\N{NO-BREAK SPACE}min")
    )


def test_a_title_cannot_leave_its_string_in_the_pdf(history: History) -> None:
    topology = small()
    evil = replace(topology, sites=tuple(replace(site, title="a) Tj ET (\\") for site in topology.sites))
    streams = re.findall(rb"/FlateDecode >>\nstream\n(.*?)\nendstream", as_pdf(made(history, evil)), re.DOTALL)

    assert rb"(a\) Tj ET \(\\) Tj ET" in zlib.decompress(streams[0])


def test_the_command_writes_what_was_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history = History(tmp_path / "history.sqlite", SILENCE)
    made(history, small())
    history.close()
    topology = tmp_path / "topology.json"
    topology.write_text(json.dumps(_TOPOLOGY), encoding="utf-8")
    asked = ["--history", str(tmp_path / "history.sqlite"), "--topology", str(topology), "--month", "2026-11", "--to", str(tmp_path)]

    status = main([*asked, "--as", "csv", "--as", "pdf"])

    assert status == 0
    assert capsys.readouterr().out.split() == [f"{tmp_path}/sla-2026-11.csv", f"{tmp_path}/sla-2026-11.pdf"]
    assert b"dahra" in (tmp_path / "sla-2026-11.csv").read_bytes()


@pytest.mark.parametrize("wrong", [["--month", "soon"], ["--history", "/nowhere"], ["--as", "odt"]])
def test_the_command_says_what_it_cannot_read(tmp_path: Path, wrong: list[str]) -> None:
    (tmp_path / "history.sqlite").touch()
    asked = ["--history", str(tmp_path / "history.sqlite"), "--topology", str(tmp_path / "t.json"), "--to", str(tmp_path)]

    with pytest.raises(SystemExit) as caught:
        main([*asked, *wrong])

    assert caught.value.code == 2


_TOPOLOGY = {
    "format": 1,
    "vantage": "hub-dakar",
    "sites": [
        {"name": "hub-dakar", "kind": "hub", "title": "Hub", "region": "Dakar", "latitude": 14.7, "longitude": -17.4, "tier": 1},
        {"name": "dahra", "kind": "centre", "title": "Dahra", "region": "Louga", "latitude": 15.3, "longitude": -15.5, "tier": 2},
    ],
    "segments": [],
    "devices": [],
}
