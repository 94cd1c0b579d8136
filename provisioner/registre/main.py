"""The registry as a program: HTTP on the unix socket that SERVICE_SOCKET names."""

from __future__ import annotations

import logging
import os
import re
import socketserver
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from wsgiref.simple_server import ServerHandler

from .app import Registry
from .store import PostgresStore

_FIELD = re.compile(r"[a-z][a-z0-9_]{0,62}")
_SECONDS = 30
_LARGEST_LINE = 16384
_PASSED = ("Origin", "Sec-Fetch-Site")


class _Request(BaseHTTPRequestHandler):
    """One connection of nginx: one request."""

    server: _Server
    timeout = _SECONDS

    def handle_one_request(self) -> None:
        """Read the request's head and let the application answer."""
        self.close_connection = True
        self.raw_requestline = self.rfile.readline(_LARGEST_LINE)
        if not self.raw_requestline or not self.parse_request():
            return
        path, _, query = self.path.partition("?")
        environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": self.headers.get("Content-Length", ""),
            "SERVER_NAME": "registre",
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": self.request_version,
            "HTTP_HOST": self.headers.get("Host", ""),
        }
        environ |= {f"HTTP_{name.upper().replace('-', '_')}": self.headers[name] for name in _PASSED if name in self.headers}
        handler = ServerHandler(self.rfile, self.wfile, sys.stderr, environ, multithread=True, multiprocess=False)  # type: ignore[arg-type]  # typeshed wants a seekable stream, PEP 3333 does not
        handler.run(self.server.application)

    def address_string(self) -> str:
        """A unix socket has no address to log."""
        return "nginx"

    def log_message(self, format: str, *values: object) -> None:  # noqa: A002  # the base class's own name
        """Requests are in nginx's log."""


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """One thread for each connection; the unit's TasksMax bounds them."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, socket: Path, application: Registry) -> None:
        self.application = application
        super().__init__(str(socket), _Request)


def application(environment: os._Environ[str] | dict[str, str]) -> Registry:
    """Return the registry that the environment describes; SERVICE_FIELDS holds names with blanks between them."""
    fields = tuple(environment.get("SERVICE_FIELDS", "").split())
    if not fields or not all(_FIELD.fullmatch(name) for name in fields):
        raise SystemExit(f"SERVICE_FIELDS: {fields} (hint: names of lower case letters, digits and _, with blanks between them)")
    return Registry(
        title=environment.get("SERVICE_TITLE", "Registre"),
        fields=fields,
        store=PostgresStore(),
        health=environment.get("SERVICE_HEALTH", "/sante"),
    )


def main() -> None:
    """Serve until the unit stops."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    socket = Path(os.environ["SERVICE_SOCKET"])
    socket.unlink(missing_ok=True)
    with _Server(socket, application(os.environ)) as server:
        server.serve_forever()
