"""A stand-in for a site's DNS and registry, started inside a namespace: `stand_in.py dns|https JSON`. Standard library only."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import sys
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit


def dns(settings: Mapping[str, str]) -> None:
    """Answer every A question for the names in `settings`."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("0.0.0.0", 53))
    while True:
        query, peer = server.recvfrom(512)
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += query[at] + 1
        address = settings.get(".".join(labels))
        head = query[:2] + struct.pack("!5H", 0x8180 if address else 0x8183, 1, 1 if address else 0, 0, 0)
        record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton(address) if address else b""
        server.sendto(head + query[12:] + record, peer)


class Registry(BaseHTTPRequestHandler):
    """A registry of records; with `forgetful` it says that it stores and does not."""

    records: ClassVar[list[str]] = []
    forgetful: ClassVar[bool] = False

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer the health probe and searches."""
        asked = urlsplit(self.path)
        words = parse_qs(asked.query).get("q", [""])
        self._answer(200, json.dumps([record for record in self.records if words[0] in record]))

    def do_POST(self) -> None:
        """Store a record."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if not self.forgetful:
            self.records.append(body)
        self._answer(201, "{}")

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


def https(settings: Mapping[str, str]) -> None:
    """Serve the registry with the certificate in `settings`."""
    Registry.forgetful = settings["forgetful"] == "yes"
    server = HTTPServer(("0.0.0.0", 443), Registry)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings["certificate"])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    {"dns": dns, "https": https}[sys.argv[1]](json.loads(sys.argv[2]))
