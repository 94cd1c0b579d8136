"""Scrapes: served from the last snapshot, one rendering at a time, in the form and coding the client takes."""

from __future__ import annotations

import gzip
import http.client
import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest

from monitoring.exposition import Block, Family, Form, Kind, single
from monitoring.snapshot import Pages
from monitoring.web import Server, metrics_route

VALUE = Family("noc_value", Kind.GAUGE, "A value.")


def test_a_source_that_fails_costs_only_itself(caplog: pytest.LogCaptureFixture) -> None:
    def bad() -> Iterator[Block]:
        raise RuntimeError("rubbish")

    made = Pages([bad, lambda: [single(VALUE, 3)]]).get(Form.TEXT)

    assert made.plain.endswith(b"noc_value 3\n")
    assert "gave nothing" in caplog.text


def test_scrapes_never_overlap_and_a_second_one_gets_the_last_page_at_once() -> None:
    slow, at_once, most = threading.Event(), 0, 0

    def source() -> Iterator[Block]:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        slow.wait(5)
        at_once -= 1
        yield single(VALUE, 1)

    pages = Pages([source], fresh_seconds=0)
    slow.set()
    first = pages.get(Form.TEXT)
    slow.clear()
    waiting = threading.Thread(target=pages.get, args=(Form.TEXT,))
    waiting.start()
    while not at_once:
        time.sleep(0.001)

    start = time.monotonic()
    second = pages.get(Form.TEXT)
    took = time.monotonic() - start
    slow.set()
    waiting.join()

    assert (second is first, most) == (True, 1)
    assert took < 1


def test_a_page_is_rendered_once_for_those_who_come_together() -> None:
    rendered = []

    def source() -> Iterator[Block]:
        rendered.append(1)
        yield single(VALUE, 1)

    pages = Pages([source], fresh_seconds=60)
    for _ in range(5):
        pages.get(Form.TEXT)

    assert len(rendered) == 1


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), {"/metrics": metrics_route(Pages([lambda: [single(VALUE, 3)]]))})
    server.start()
    yield server
    server.stop()


def asked(server: Server, path: str, method: str = "GET", **headers: str) -> tuple[int, str | None, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read()
    finally:
        connection.close()


def test_the_client_chooses_the_form(server: Server) -> None:
    plain = asked(server, "/metrics")
    newer = asked(server, "/metrics?x=1", Accept="application/openmetrics-text;version=1.0.0,text/plain;q=0.5")

    assert plain == (200, Form.TEXT.value, b"# HELP noc_value A value.\n# TYPE noc_value gauge\nnoc_value 3\n")
    assert newer[1] == Form.OPENMETRICS.value
    assert newer[2].endswith(b"# EOF\n")


def test_the_client_gets_gzip_if_it_takes_it(server: Server) -> None:
    packed = asked(server, "/metrics", **{"Accept-Encoding": "gzip"})

    assert gzip.decompress(packed[2]) == asked(server, "/metrics")[2]


def test_head_has_no_body_and_unknown_places_are_404(server: Server) -> None:
    assert asked(server, "/metrics", "HEAD")[::2] == (200, b"")
    assert asked(server, "/secret")[0] == 404


def test_a_client_that_leaves_is_no_error(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, not a goodbye
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    asked(server, "/metrics")

    assert caplog.text == ""
