"""The desk over real sockets: pages, events, the one write, TLS, and what happens to clients that misbehave."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

import pytest

from monitoring.incidents.incident import Acknowledgement, Stage
from monitoring.noc import passwords
from monitoring.noc.desk import Desk, Look, Settings
from monitoring.observed import Reach
from monitoring.sla.history import ServiceState
from tests.unit.monitoring_noc.country import cut
from tests.unit.monitoring_noc.small import NOW, seen, small

INCIDENT = cut(("kedougou",), segments=("tamba-kedougou",), kilometre=118.0)
LOOK = Look(topology=small(), observed=seen(small(), ("kedougou", "", Reach.DOWN)), incidents=(INCIDENT,))


class Names:
    """Stands where the incident engine does."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []

    def __call__(self, incident: str, by: str, _at: float) -> None:
        if incident != INCIDENT.id:
            raise LookupError(incident)
        self.taken.append((incident, by))


@pytest.fixture
def names() -> Names:
    return Names()


@contextlib.contextmanager
def open_desk(folder: Path, names: Names, **changes: object) -> Iterator[Desk]:
    settings = Settings(listen=("127.0.0.1", 0), state=folder)
    desk = Desk(replace(settings, **changes), names)  # type: ignore[arg-type]  # its own fields
    desk.start()
    try:
        yield desk
    finally:
        desk.stop()


@pytest.fixture
def desk(tmp_path: Path, names: Names) -> Iterator[Desk]:
    with open_desk(tmp_path, names) as opened:
        opened.look(LOOK)
        yield opened


def ask(desk: Desk, path: str, method: str = "GET", body: str = "", **headers: str) -> tuple[http.client.HTTPResponse, str]:
    connection = http.client.HTTPConnection("127.0.0.1", desk.port, timeout=20)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if method == "POST":
        named.setdefault("Content-Type", "application/x-www-form-urlencoded")
    connection.request(method, path, body=body.encode() or None, headers=named)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer, data.decode("utf-8", "replace")


def visit(desk: Desk) -> tuple[str, str]:
    """Open the page; return its cookie and the token of its form."""
    answer, text = ask(desk, "/")
    found = re.search(r'name="jeton" value="(\w+)"', text)
    assert found is not None
    return answer.headers["Set-Cookie"].split(";")[0], found[1]


@pytest.mark.parametrize("path", ["/", "/?q=dahra", "/fragment", "/incident/2026-11-25-001", "/site/kedougou", "/sla/2026-11.html"])
def test_every_page_comes_with_a_strict_policy(desk: Desk, path: str) -> None:
    answer, text = ask(desk, path)

    assert answer.status == HTTPStatus.OK
    assert "Kédougou" in text or "Dahra" in text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Python" not in str(answer.headers["Server"])


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/nowhere", "GET", 404),
        ("/incident/unknown", "GET", 404),
        ("/site/unknown", "GET", 404),
        ("/site/..%2f..%2fetc", "GET", 404),
        ("/sla/2027-01.csv", "GET", 404),
        ("/sla/2026-13.csv", "GET", 404),
        ("/sla/2026-11.exe", "GET", 404),
        ("/", "POST", 405),
        ("/", "DELETE", 405),
        ("/incident/2026-11-25-001/acquitter", "GET", 405),
        ("/", "HEAD", 200),
    ],
)
def test_what_is_not_there_or_not_allowed_is_said(desk: Desk, path: str, method: str, status: int) -> None:
    assert ask(desk, path, method)[0].status == status


def test_the_month_comes_as_csv_and_pdf(desk: Desk) -> None:
    sheet, _ = ask(desk, "/sla/2026-11.csv")
    paper, data = ask(desk, "/sla/2026-11.pdf")

    assert sheet.headers["Content-Disposition"] == 'attachment; filename="sla-2026-11.csv"'
    assert (paper.headers["Content-Type"], data[:5]) == ("application/pdf", "%PDF-")


def test_a_browser_that_takes_gzip_gets_it(desk: Desk) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", desk.port, timeout=20)
    connection.request("GET", "/", headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()

    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Mur des sites" in gzip.decompress(data).decode()


def test_a_name_is_kept_and_the_page_comes_back(desk: Desk, names: Names) -> None:
    cookie, token = visit(desk)
    form = urlencode({"nom": "  Awa\tNdiaye \u202e", "jeton": token})

    answer, _ = ask(desk, "/incident/2026-11-25-001/acquitter", "POST", form, Cookie=cookie)

    assert (answer.status, answer.headers["Location"]) == (303, "/#i-2026-11-25-001")
    assert names.taken == [("2026-11-25-001", "Awa Ndiaye")]


@pytest.mark.parametrize(
    ("fields", "headers", "status"),
    [
        ({"nom": "Awa", "jeton": "0" * 64}, {}, 403),
        ({"nom": "Awa"}, {}, 403),
        ({"nom": "Awa", "jeton": "TOKEN"}, {"Cookie": ""}, 403),
        ({"nom": "Awa", "jeton": "TOKEN"}, {"Origin": "https://evil.example"}, 403),
        ({"nom": "Awa", "jeton": "TOKEN"}, {"Content-Type": "text/plain"}, 403),
        ({"nom": "Awa" * 3000, "jeton": "TOKEN"}, {}, 403),
        ({"nom": " \u200b ", "jeton": "TOKEN"}, {}, 400),
    ],
)
def test_a_form_that_is_not_ours_changes_nothing(
    desk: Desk, names: Names, fields: dict[str, str], headers: dict[str, str], status: int
) -> None:
    cookie, token = visit(desk)
    form = urlencode({key: token if value == "TOKEN" else value for key, value in fields.items()})

    answer, _ = ask(desk, "/incident/2026-11-25-001/acquitter", "POST", form, **{"Cookie": cookie, **headers})

    assert answer.status == status
    assert names.taken == []


def test_whoever_was_first_keeps_it(desk: Desk, names: Names) -> None:
    cookie, token = visit(desk)
    desk.look(replace(LOOK, incidents=(replace(INCIDENT, acknowledged=Acknowledgement(by="Omar", at=NOW)),)))

    answer, text = ask(desk, "/incident/2026-11-25-001/acquitter", "POST", urlencode({"nom": "Awa", "jeton": token}), Cookie=cookie)

    assert answer.status == HTTPStatus.CONFLICT
    assert "Omar a pris cet incident en charge" in text
    assert names.taken == []


def test_an_incident_that_is_over_cannot_be_taken(desk: Desk, names: Names) -> None:
    cookie, token = visit(desk)

    answer, _ = ask(desk, "/incident/another/acquitter", "POST", urlencode({"nom": "Awa", "jeton": token}), Cookie=cookie)

    assert answer.status == HTTPStatus.NOT_FOUND


def test_a_closed_incident_stays_for_a_day(desk: Desk) -> None:
    closed = replace(INCIDENT, stage=Stage.CLOSED, closed=NOW - 3600)

    desk.look(replace(LOOK, incidents=(closed, replace(closed, id="old", closed=NOW - 90_000))))

    assert ask(desk, "/incident/2026-11-25-001")[0].status == HTTPStatus.OK
    assert ask(desk, "/incident/old")[0].status == HTTPStatus.NOT_FOUND


class Events:
    """Reads server-sent events from a socket."""

    def __init__(self, desk: Desk) -> None:
        self._socket = socket.create_connection(("127.0.0.1", desk.port), timeout=20)
        self._socket.sendall(b"GET /evenements HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self._file = self._socket.makefile("rb")
        self.head = self._until(b"\r\n")

    def _until(self, end: bytes) -> list[bytes]:
        lines = []
        while (line := self._file.readline()) not in {end, b""}:
            lines.append(line)
        return lines

    def next(self) -> dict[str, object]:
        while lines := self._until(b"\n"):
            for line in lines:
                if line.startswith(b"data: "):
                    found: dict[str, object] = json.loads(line[6:])
                    return found
        return {}

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def test_events_tell_every_look_and_whether_it_changed_something(desk: Desk) -> None:
    events = Events(desk)
    first = events.next()
    desk.look(replace(LOOK, observed=replace(LOOK.observed, at=NOW + 1)))
    same = events.next()
    desk.look(Look(topology=small(), observed=seen(small())))
    other = events.next()
    events.close()

    assert b"Content-Type: text/event-stream; charset=utf-8\r\n" in events.head
    assert (first["serie"], same["serie"], other["serie"]) == (1, 1, 2)
    assert (first["heure"], same["heure"]) == ("25/11/2026 14:02:31", "25/11/2026 14:02:32")


def test_browsers_beyond_the_number_of_streams_are_told_to_poll_and_places_come_back(desk: Desk) -> None:
    streams = [Events(desk) for _ in range(60)]
    for stream in streams:
        stream.next()
    refused = Events(desk)
    status = refused.head[0]
    for stream in (*streams, refused):
        stream.close()
    for _ in range(3):
        desk.look(replace(LOOK, observed=replace(LOOK.observed, at=NOW + 1)))
    retried = [b""]
    for _ in range(100):
        again = Events(desk)
        retried = again.head
        again.close()
        if b"200" in retried[0]:
            break
        desk.look(replace(LOOK, observed=replace(LOOK.observed, at=NOW + 2)))

    assert b"503" in status
    assert b"200" in retried[0]


def test_a_client_that_says_nothing_holds_nobody_up(desk: Desk) -> None:
    silent = [socket.create_connection(("127.0.0.1", desk.port)) for _ in range(20)]
    status = ask(desk, "/fragment")[0].status
    for one in silent:
        one.close()

    assert status == HTTPStatus.OK


def test_before_the_first_look_the_page_says_that_it_starts(tmp_path: Path, names: Names) -> None:
    with open_desk(tmp_path, names) as opened:
        assert ask(opened, "/")[0].status == HTTPStatus.SERVICE_UNAVAILABLE


def test_over_a_proxy_a_password_is_needed_and_its_name_stands_with_the_person(tmp_path: Path, names: Names) -> None:
    file = tmp_path / "passwords"
    passwords.write(file, "noc1", "long-enough-password")
    with open_desk(tmp_path, names, passwords=file) as opened:
        opened.look(LOOK)
        refused, _ = ask(opened, "/", X_Forwarded_For="10.64.0.7")
        known = {"X-Forwarded-For": "10.64.0.7", "Authorization": "Basic bm9jMTpsb25nLWVub3VnaC1wYXNzd29yZA=="}
        let_in, text = ask(opened, "/", **known)
        token = text.split('name="jeton" value="')[1].split('"')[0]
        cookie = let_in.headers["Set-Cookie"].split(";")[0]
        ask(opened, "/incident/2026-11-25-001/acquitter", "POST", urlencode({"nom": "Awa", "jeton": token}), Cookie=cookie, **known)

    assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm="NOC Teranga", charset="UTF-8"')
    assert let_in.status == HTTPStatus.OK
    assert names.taken == [("2026-11-25-001", "Awa (noc1)")]


def test_looks_are_kept_for_the_month(desk: Desk) -> None:
    day = datetime.fromtimestamp(NOW, UTC)
    desk.look(replace(LOOK, observed=replace(LOOK.observed, at=NOW + 30)))

    spans = desk.history.spans(day.replace(hour=0), day.replace(second=50), "kedougou")

    assert [(span.state, (span.end - span.start).total_seconds()) for span in spans] == [(ServiceState.DOWN, 19.0)]


def test_tls_is_served_and_a_silent_client_does_not_hold_the_handshakes_up(
    tmp_path: Path, names: Names, certificate: tuple[Path, Path]
) -> None:
    with open_desk(tmp_path, names, tls=certificate) as opened:
        opened.look(LOOK)
        silent = socket.create_connection(("127.0.0.1", opened.port))
        trust = ssl.create_default_context(cafile=str(certificate[0]))
        connection = http.client.HTTPSConnection("localhost", opened.port, timeout=20, context=trust)
        connection.request("GET", "/")
        answer = connection.getresponse()
        cookie = answer.headers["Set-Cookie"]
        answer.read()
        connection.close()
        silent.close()

    assert answer.status == HTTPStatus.OK
    assert "Secure" in cookie


def test_many_threads_look_and_read_at_once(desk: Desk) -> None:
    statuses: list[int] = []

    def read() -> None:
        statuses.extend(ask(desk, path)[0].status for path in ("/fragment?q=d", "/sla/2026-11.csv", "/site/dahra"))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for second in range(10):
        desk.look(replace(LOOK, observed=replace(LOOK.observed, at=NOW + second)))
    for thread in threads:
        thread.join()

    assert statuses == [200] * 24


def test_a_history_that_cannot_be_written_stands_on_the_page_and_does_not_take_it_away(desk: Desk) -> None:
    desk.history.close()

    desk.look(replace(LOOK, observed=seen(small())))

    text = ask(desk, "/")[1]
    assert "historique du SLA" in text
    assert "<b>0</b> hors service" in text
