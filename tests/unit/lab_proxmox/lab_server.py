"""A lab server with the node pve1, and where the recorded answers lie."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from provisioner.lab.guests.record import RecordDriver, RecordSwitch
from provisioner.lab.proxmox import auth
from provisioner.lab.proxmox.installer import database
from provisioner.lab.proxmox.server import Server, add_node
from provisioner.lab.proxmox.store import Store

NODE = "pve1"
PASSWORD = "correct horse"
TOKEN = "root@pam!trial"
SECRET = "11111111-2222-3333-4444-555555555555"
TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A running server: its folder, and the switch that its nodes use."""

    server: Server
    root: Path
    switch: RecordSwitch

    def session(self, token: str = f"{TOKEN}={SECRET}") -> requests.Session:
        """Return a session of an API token, `user@realm!name=secret`; an empty one sends no credential."""
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.server.ca_file)
        if token:
            session.headers["Authorization"] = f"PVEAPIToken={token}"
        return session


@contextmanager
def running(root: Path, *nodes: str) -> Iterator[Running]:
    """Run a server whose nodes are as the installer left them; `local` holds disks too, and root@pam has the token TOKEN."""
    for node in nodes:
        add_node(root, node, PASSWORD)
    store = Store(database(root))
    store.put("token", TOKEN, {"privsep": 0, "hash": auth.hash_token(SECRET), "expire": 0, "comment": ""})
    store.put("storage", "local", {"type": "dir", "path": "/var/lib/vz", "content": "backup,images,import,iso,vztmpl,rootdir,snippets"})
    store.put(
        "storage", "local-lvm", {"type": "dir", "path": "/srv/lvm", "content": "images,rootdir"}
    )  # in name, as the recorded node had it
    store.close()
    switch = RecordSwitch()
    with Server(root, RecordDriver(), switch, 0, failure_delay=0.0) as server:
        yield Running(server=server, root=root, switch=switch)


def image(root: Path, node: str, name: str) -> None:
    """Put a qcow2 of 64 MiB into the node's storage as `local:import/<name>`."""
    path = root / "nodes" / node / "storage/local/import" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(path), "64M"], check=True)


def shared_data() -> Path:
    """Return the folder of the reference data, or skip."""
    folder = Path(os.environ.get("TERANGA_SHARED", str(Path(__file__).resolve().parents[4] / "shared"))) / "data"
    if not folder.is_dir():
        pytest.skip(f"no reference data in {folder}")
    return folder
