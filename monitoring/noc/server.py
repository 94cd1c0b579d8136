"""Serves the page: a thread a request, slow clients cut off, TLS if it is given a context."""

from __future__ import annotations

import logging
import socket
import ssl
import sys
import threading
from ipaddress import ip_address
from socketserver import ThreadingMixIn
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer
from wsgiref.types import WSGIApplication, WSGIEnvironment

from monitoring.problems import Problem, ProblemsError

log = logging.getLogger(__name__)

_SLOWEST_SECONDS = 30.0  # between two bytes of a client
_STOP_SECONDS = 0.1  # how long a stop waits at most
_MOST_REQUESTS = 120  # at once, streams included

ServerHandler.server_software = "teranga-noc"


class NocServer:
    """One port with the page on it."""

    def __init__(self, address: tuple[str, int], application: WSGIApplication, tls: ssl.SSLContext | None = None) -> None:
        """Bind the port (0: any); `start` begins to serve."""
        self._http = (_Http6 if ":" in address[0] else _Http)(address, _Handler, bind_and_activate=False)
        try:
            self._http.server_bind()
            self._http.server_activate()
        except OSError:
            self._http.server_close()
            raise
        self._http.tls = tls
        self._http.set_app(application)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(_STOP_SECONDS,), name="noc", daemon=True)
        self.port = int(self._http.server_address[1])

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and close the port; close the board first, so that streams end."""
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()


def check_exposure(address: str, *, passwords: bool) -> None:
    """Refuse to leave the host without passwords. Raises ProblemsError."""
    try:
        near = ip_address(address).is_loopback
    except ValueError:
        near = address == "localhost"
    if not near and not passwords:
        hint = "give a password file, or listen on 127.0.0.1"
        raise ProblemsError([Problem(where=f"NOC page on {address}", what="it would leave this host without passwords", hint=hint)])


class _Http(ThreadingMixIn, WSGIServer):
    """A thread a request, up to a number of them."""

    daemon_threads = True
    tls: ssl.SSLContext | None = None

    def server_bind(self) -> None:
        """Bind without asking the DNS for our name, which may hang."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()
        self._places = threading.BoundedSemaphore(_MOST_REQUESTS)

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Serve in a thread if there is room for one more."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Serve, and give the place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def finish_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Shake hands, if TLS was asked for, in the request's own thread: a silent client must not hold the others up."""
        assert isinstance(request, socket.socket)  # noqa: S101, a stream server
        request.settimeout(_SLOWEST_SECONDS)
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        with self.tls.wrap_socket(request, server_side=True) as wrapped:
            super().finish_request(wrapped, client_address)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002, the base class's form
        """Log what went wrong with one client; most often it left."""
        log.debug("%s: left or failed: %r", client_address, sys.exception())


class _Http6(_Http):
    """The same over IPv6."""

    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    """Logs to the log, and says less of itself."""

    timeout = _SLOWEST_SECONDS
    server_version = "teranga-noc"
    sys_version = ""

    def get_environ(self) -> WSGIEnvironment:
        """Return the request's environment, which says whether it came over TLS."""
        return super().get_environ() | ({"HTTPS": "on"} if isinstance(self.connection, ssl.SSLSocket) else {})

    def address_string(self) -> str:
        """Return the address, never a name from the DNS."""
        return str(self.client_address[0])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002, the base class's word
        """Log one line of the server."""
        log.debug("%s " + format, self.address_string(), *args)  # noqa: G003, its own form
