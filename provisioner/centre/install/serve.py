"""The installation service: HTTPS with a certificate that installers pin; three paths and no default."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from types import TracebackType
from typing import Self

from provisioner.centre.install.desk import Desk, Reply
from provisioner.errors import TerangaError

_SECONDS = 20
_BODY_BYTES = 1 << 18
_BEARER = "Bearer "


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], desk: Desk) -> None:
        self.desk = desk
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_3
        self._context.load_cert_chain(desk.service.pair)
        super().__init__(address, _Handler)

    def get_request(self) -> tuple[socket, tuple[str, int]]:
        """Take a connection; the handshake is done in the request's own thread, so that a silent client holds nobody up."""
        raw, address = super().get_request()
        raw.settimeout(_SECONDS)
        return self._context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet about clients that break off or do not speak TLS."""
        del request
        self.desk.tell(f"a connection of {client_address} broke off")


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _SECONDS
    server_version = "teranga"
    sys_version = ""

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  the base class's word
        """Say nothing here: paths hold secrets; the desk tells what matters."""

    def _token(self) -> str:
        said = self.headers.get("Authorization", "")
        return said.removeprefix(_BEARER).strip() if said.startswith(_BEARER) else ""

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        return self.rfile.read(int(length)) if length.isdigit() and int(length) <= _BODY_BYTES else None

    def do_POST(self) -> None:
        """Answer an installer, or take a report."""
        desk, address, body = self.server.desk, str(self.client_address[0]), self._body()
        if body is None:
            self._reply(Reply(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
        elif self.path == "/answer":
            self._answer(partial(desk.give, body, self._token(), address))
        elif self.path == "/report":
            self._answer(partial(desk.report, body, self._token(), address))
        else:
            self._reply(Reply(status=HTTPStatus.NOT_FOUND))

    def do_GET(self) -> None:
        """Give the script of a first boot."""
        start, _, door = self.path.rpartition("/")
        if start == "/first-boot":
            self._answer(partial(self.server.desk.first_boot, door, str(self.client_address[0])))
        else:
            self._reply(Reply(status=HTTPStatus.NOT_FOUND))

    def _answer(self, decide: Callable[[], Reply]) -> None:
        """Send what the desk decides; an inventory with problems, or another trouble of ours, is told here and answers 503."""
        try:
            reply = decide()
        except TerangaError as error:
            self.server.desk.tell(f"not answered: {error}")
            reply = Reply(status=HTTPStatus.SERVICE_UNAVAILABLE)
        self._reply(reply)

    def _reply(self, reply: Reply) -> None:
        content = reply.text.encode()
        self.send_response(reply.status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)


class InstallServer:
    """The service in a thread of its own."""

    def __init__(self, desk: Desk, address: str, port: int) -> None:
        """Take the port; 0 takes a free one. Raises OSError if it is taken."""
        self._server = _Server((address, port), desk)
        self._thread = threading.Thread(target=self._server.serve_forever, name="install", daemon=True)

    @property
    def port(self) -> int:
        """Return its port."""
        return int(self._server.server_address[1])

    def use(self, desk: Desk) -> None:
        """Answer with another desk from now on: one that knows the port that was taken."""
        self._server.desk = desk

    def __enter__(self) -> Self:
        """Begin to answer."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
