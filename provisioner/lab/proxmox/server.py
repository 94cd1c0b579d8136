"""The API's server: `Server(root, driver, switch, port)`, and the nodes it knows, as the installer leaves them.

with Server(root, driver, switch, 0) as server:
    add_node(root, "pve-kedougou", password)
    ...  server.url, server.ca_file
"""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from provisioner.lab.guests.driver import Driver, Switch
from provisioner.lab.proxmox import certificate
from provisioner.lab.proxmox.backup_schedule import BackupSchedule
from provisioner.lab.proxmox.calls import Lab
from provisioner.lab.proxmox.enforcement import Enforcement
from provisioner.lab.proxmox.installer import add_node, database, remove_node
from provisioner.lab.proxmox.served import ROUTES
from provisioner.lab.proxmox.store import Store
from provisioner.lab.proxmox.tasks import Tasks
from provisioner.lab.proxmox.transport import Transport

__all__ = ["Server", "add_node", "remove_node"]

log = logging.getLogger(__name__)

_HOST = "127.0.0.1"
_START_SECONDS = 20.0
_CLOSE_SECONDS = 0.05  # TLS connections end some turns of the loop after they were closed


class Server:
    """The API on a loopback port, in a thread of its own. What is in `root` survives it."""

    def __init__(self, root: Path, driver: Driver, switch: Switch, port: int = 0, failure_delay: float = 3.0) -> None:
        """Keep the settings; port 0 takes a free one. `failure_delay`: seconds before a 401 is answered (Proxmox: 3)."""
        self._root = root
        self._driver = driver
        self._switch = switch
        self._delay = failure_delay
        self.port = port
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="proxmox-api", daemon=True)

    @property
    def url(self) -> str:
        """Return `https://127.0.0.1:<port>`, once started."""
        return f"https://{_HOST}:{self.port}"

    @property
    def ca_file(self) -> Path:
        """Return the certificate that clients pin."""
        return self._root / "pve-root-ca.pem"

    def start(self) -> None:
        """Open the port; return once it answers. Raises OSError if the port is taken."""
        self._thread.start()
        if not self._ready.wait(_START_SECONDS):
            raise TimeoutError(self.url)
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Close the port and end what is running; the state stays."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop."""
        self.stop()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # handed to the thread that waits in start()
            log.debug("the API ended", exc_info=True)
            self._error = error
        finally:
            self._ready.set()
            self._loop.close()

    async def _serve(self) -> None:
        _, server_file = certificate.ensure(self._root)
        store = Store(database(self._root))
        firewall = Enforcement(store, self._switch)
        lab = Lab(root=self._root, store=store, tasks=Tasks(store), driver=self._driver, switch=self._switch, enforcement=firewall)
        firewall.start()
        jobs = BackupSchedule(lab)
        jobs.start()
        transport = Transport(lab, ROUTES, self._delay)
        server = web.Server(transport.answer, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=1.0)
        try:
            await runner.setup()
            site = web.TCPSite(runner, _HOST, self.port, ssl_context=certificate.context(server_file))
            await site.start()
            self.port = int(runner.addresses[0][1])
            self._ready.set()
            await self._stop.wait()
        finally:
            open_ones = [connection.transport for connection in server.connections if connection.transport is not None]
            await runner.cleanup()
            for connection in open_ones:
                connection.abort()
            await asyncio.sleep(_CLOSE_SECONDS)
            transport.close()
            jobs.stop()
            lab.tasks.close()
            firewall.stop()
            store.close()
