"""The lab's API as a process of its own: `python -m provisioner.lab.daemon`. Guests live on when it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path

from provisioner import places
from provisioner.lab import access, wires
from provisioner.lab.guests.nspawn import NspawnDriver
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


def start_time(pid: int) -> str:
    """Return when a process started, in clock ticks since boot: with its PID it names one process for ever."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()[19]


def main() -> int:
    """Serve until SIGTERM."""
    wanted = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: wanted.set())
    access.root().mkdir(parents=True, exist_ok=True)
    server = Server(access.root(), NspawnDriver(places.lab()), wires.Wires(), _free_port())
    with server:
        known = {"pid": os.getpid(), "started": start_time(os.getpid()), "port": server.port}
        places.write(places.lab() / "daemon.json", json.dumps(known))
        wanted.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
