"""A client that shows whole answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import requests

from provisioner.lab.proxmox import auth
from provisioner.lab.proxmox.installer import database
from provisioner.lab.proxmox.server import Server
from provisioner.lab.proxmox.store import Store

PASSWORD = "correct horse"
TOKEN = "root@pam!trial"
SECRET = "11111111-2222-3333-4444-555555555555"


@dataclass(frozen=True, slots=True)
class Api:
    """A client by API token; `root` is the lab's folder."""

    server: Server
    session: requests.Session
    root: Path

    def call(self, method: str, path: str, /, **form: object) -> requests.Response:
        """Call as bpg's provider does: form in POST and PUT, query otherwise."""
        given = {name: str(value) for name, value in form.items()}
        url = f"{self.server.url}/api2/json{path}"
        if method in ("POST", "PUT"):
            return self.session.request(method, url, data=given, timeout=20)
        return self.session.request(method, url, params=given, timeout=20)

    def data(self, method: str, path: str, /, **form: object) -> object:
        """Return `data` of a call that must work."""
        answer = self.call(method, path, **form)
        assert answer.status_code == 200, (answer.status_code, answer.reason, answer.text)
        return answer.json()["data"]

    def rows(self, method: str, path: str, /, **form: object) -> list[dict[str, object]]:
        """Return `data` of a call that answers a list of objects."""
        found = self.data(method, path, **form)
        assert isinstance(found, list)
        return found

    def task(self, method: str, path: str, /, **form: object) -> str:
        """Run a call that makes a task; return the task's exit status."""
        upid = self.data(method, path, **form)
        status = self.data("GET", f"/nodes/pve1/tasks/{upid}/status")
        assert isinstance(status, dict)
        return str(status["exitstatus"])

    def config(self, vmid: int, **query: object) -> dict[str, object]:
        """Return a guest's configuration."""
        found = self.data("GET", f"/nodes/pve1/qemu/{vmid}/config", **query)
        assert isinstance(found, dict)
        return found


def give_token(root: Path, name: str, secret: str, *, privsep: int) -> None:
    """Put a token into the store."""
    store = Store(database(root))
    store.put("token", name, {"privsep": privsep, "hash": auth.hash_token(secret), "expire": 0, "comment": ""})
    store.close()
