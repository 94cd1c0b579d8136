"""A server with one node, and a client of it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from provisioner.lab.guests.record import RecordDriver, RecordSwitch
from provisioner.lab.proxmox.server import Server, add_node
from tests.unit.lab_proxmox_core.client import PASSWORD, SECRET, TOKEN, Api, give_token


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """A running server with the node pve1, called by a token of root."""
    root = tmp_path / "lab"
    add_node(root, "pve1", PASSWORD)
    give_token(root, TOKEN, SECRET, privsep=0)
    with Server(root, RecordDriver(), RecordSwitch(), 0, failure_delay=0.0) as server, requests.Session() as session:
        session.trust_env = False
        session.verify = str(server.ca_file)
        session.headers["Authorization"] = f"PVEAPIToken={TOKEN}={SECRET}"
        yield Api(server, session, root)


@pytest.fixture
def with_image(api: Api) -> Api:
    """The server with `local` for disks too, and a qcow2 of 64 MiB uploaded as local:import/base.qcow2."""
    api.data("PUT", "/storage/local", content="backup,images,import,iso,vztmpl")
    folder = api.root / "nodes/pve1/storage/local/import"
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", folder / "base.qcow2", "64M"], check=True)
    return api
