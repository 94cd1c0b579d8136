"""The exporter's HTTP server: /metrics, /-/healthy, and what other parts serve beside them."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from monitoring.exposition import Form
from monitoring.snapshot import Pages

log = logging.getLogger(__name__)

_PLAIN = "text/plain; charset=utf-8"
_SECONDS = 15  # a client that says nothing for so long is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client asked for."""

    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What it gets."""

    body: bytes
    content_type: str = _PLAIN
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


Route = Callable[[Request], Answer]


def metrics_route(pages: Pages) -> Route:
    """Return the route of /metrics: OpenMetrics if the client prefers it, gzip if it takes it."""

    def answer(request: Request) -> Answer:
        wanted = request.headers.get("Accept", "")
        form = Form.OPENMETRICS if "application/openmetrics-text" in wanted else Form.TEXT
        page = pages.get(form)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return Answer(body=page.gzipped, content_type=form, headers={"Content-Encoding": "gzip"})
        return Answer(body=page.plain, content_type=form)

    return answer


def plain(text: str, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    """Return a line of text as an answer."""
    return Answer(body=f"{text}\n".encode(), status=status)


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - the library's form
        """Log a failed request; a client that left before it was served is no fault of ours."""
        error = sys.exc_info()[1]
        if isinstance(error, ConnectionError | TimeoutError):
            log.debug("%s left", client_address)
        else:
            log.error("%s: not served", client_address, exc_info=error)


class Server:
    """Serves routes by exact path, each request in a thread of its own, until it is stopped."""

    def __init__(self, address: tuple[str, int], routes: Mapping[str, Route]) -> None:
        self._http = _Http(address, _handler(dict(routes)), bind_and_activate=True)
        self._thread = threading.Thread(target=self._http.serve_forever, name="http", daemon=True)
        self.port = int(self._http.server_address[1])

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and close the port."""
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()


def _handler(routes: Mapping[str, Route]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = _SECONDS
        server_version = "teranga-exporter"
        sys_version = ""

        def do_GET(self) -> None:
            self._reply(with_body=True)

        def do_HEAD(self) -> None:
            self._reply(with_body=False)

        def _reply(self, *, with_body: bool) -> None:
            path = self.path.split("?", 1)[0]
            route = routes.get(path)
            found = plain(f"{path}: not here", HTTPStatus.NOT_FOUND)
            answer = route(Request(path=self.path, headers=dict(self.headers.items()))) if route else found
            self.send_response(answer.status)
            for name, value in {"Content-Type": str(answer.content_type), **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if with_body:
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            log.debug(format, *args)

    return Handler
