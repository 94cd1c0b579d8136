"""Serves the lab's page on a loopback port of its own, to this machine's browsers alone."""

from __future__ import annotations

import logging
import threading
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from provisioner import places
from provisioner.errors import TerangaError
from provisioner.lab import page, standing
from provisioner.lab.guests.chosen import ChosenDriver, Kind
from provisioner.lab.guests.driver import GuestError

log = logging.getLogger(__name__)

_HOST = "127.0.0.1"
_SECONDS = 10


class _Handler(BaseHTTPRequestHandler):
    timeout = _SECONDS  # a client that says nothing is dropped

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  the base class's word
        log.debug(format, *arguments)

    def do_GET(self) -> None:
        """Answer a page; a foreign name in `Host` is refused, so that no other site's page can read this one (DNS rebinding)."""
        host = self.headers.get("Host", "").rpartition(":")[0]
        if host not in (_HOST, "localhost"):
            self._answer(HTTPStatus.MISDIRECTED_REQUEST, "text/plain", b"this page is for this machine\n")
            return
        try:
            kind, content = _content(self.path)
        except (LookupError, ValueError):
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"no such page\n")
        except (TerangaError, GuestError, OSError) as error:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", f"{error}\n".encode())
        else:
            self._answer(HTTPStatus.OK, kind, content)

    def _answer(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'")
        self.end_headers()
        self.wfile.write(content)


def _content(path: str) -> tuple[str, bytes]:
    """Return type and content of a page; raise LookupError or ValueError where there is none."""
    match path.partition("?")[0].strip("/").split("/"):
        case [""]:
            return "text/html", page.html(standing.now()).encode()
        case ["console", vmid]:
            return "text/html", _console(standing.find(str(int(vmid)))).encode()
        case ["screen", name] if name.endswith(".png"):
            return "image/png", ChosenDriver(places.lab()).qemu.screen(int(name.removesuffix(".png")))
        case ["screen", vmid]:
            guest = standing.find(str(int(vmid)))
            body = f'<h1>Screen of {guest.vmid}</h1><img src="/screen/{guest.vmid}.png" alt="screen"><p><a href="/">lab</a></p>'
            return "text/html", page.document(f"Screen of {guest.vmid}", body).encode()
        case _:
            raise LookupError(path)


def _console(guest: standing.Guest) -> str:
    driver = ChosenDriver(places.lab())
    text = driver.qemu.console(guest.vmid) if guest.driver == Kind.QEMU else driver.nspawn.console(guest.vmid)
    return page.document(
        f"Console of {guest.vmid}", f'<h1>Console of {escape(guest.name)}</h1><pre>{escape(text)}</pre><a href="/">lab</a>'
    )


class PageServer:
    """The page's server, in a thread of its own."""

    def __init__(self) -> None:
        """Take a free port."""
        self._server = ThreadingHTTPServer((_HOST, 0), _Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="lab-page", daemon=True)

    @property
    def port(self) -> int:
        """Return its port."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        """Begin to answer."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
