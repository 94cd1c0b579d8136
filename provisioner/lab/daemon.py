"""The lab's API as a process of its own: `python -m provisioner.lab.daemon`. Guests live on when it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading

from provisioner import places
from provisioner.lab import access, wires
from provisioner.lab.guests import process
from provisioner.lab.guests.chosen import ChosenDriver
from provisioner.lab.page_server import PageServer
from provisioner.lab.proxmox.server import Server

_FIRST_PORT = 8006  # Proxmox VE's own
_PORTS = 200


def _free_port() -> int:
    """Return the port used last if it is free, else the first free one from 8006 on."""
    last = access.port()
    candidates: list[int] = [*([last] if last else []), *range(_FIRST_PORT, _FIRST_PORT + _PORTS)]
    for port in candidates:
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free port from 8006 on")


def main() -> int:
    """Serve until SIGTERM."""
    wanted = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: wanted.set())
    access.root().mkdir(parents=True, exist_ok=True)
    server = Server(access.root(), ChosenDriver(places.lab()), wires.Wires(), _free_port())
    with server, PageServer() as page:
        known = {"pid": os.getpid(), "started": process.ticks(os.getpid()), "port": server.port, "page": page.port}
        places.write(places.lab() / "daemon.json", json.dumps(known))
        wanted.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
