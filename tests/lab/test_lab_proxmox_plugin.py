"""The real Pulumi engine and Proxmox plugin on the lab's API, with an adopted site's own token."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from provisioner import command, places
from provisioner.adapters.proxmox.adopt import Adoption, adopt
from provisioner.adapters.proxmox.session import password_session
from provisioner.lab.guests.record import RecordDriver, RecordSwitch
from provisioner.lab.proxmox.server import Server, add_node
from provisioner.setup import engine
from provisioner.setup.layout import SetupError

PROGRAM = Path(__file__).with_name("plugin_program.py")
SITE = Adoption(site="kedougou", node="pve1", datastore="local", bridge="vmbr1", pool="teranga-kedougou")


@pytest.mark.lab
def test_the_plugin_makes_keeps_changes_and_removes_a_guest_with_the_sites_token(tmp_path: Path) -> None:
    try:
        root = engine.pulumi_root()
        engine.seed(tmp_path / "home")
    except SetupError as error:
        pytest.skip(str(error))
    image, lab, password = tmp_path / "server.qcow2", tmp_path / "lab", tmp_path / "password"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image, "64M"], check=True)
    password.write_text("correct horse")
    add_node(lab, SITE.node, password.read_text())

    with Server(lab, RecordDriver(), RecordSwitch(), 0, failure_delay=0.0) as server:
        session = password_session(server.url, "root@pam", password, server.ca_file)
        token, _ = adopt(session, SITE)
        environment = command.environment(
            PULUMI_HOME=str(tmp_path / "home"),
            PULUMI_BACKEND_URL=f"file://{tmp_path}",
            PULUMI_CONFIG_PASSPHRASE="made up",
            PULUMI_SKIP_UPDATE_CHECK="true",
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION="true",
            NO_PROXY="127.0.0.1,localhost",
            PROXMOX_VE_ENDPOINT=server.url,
            PROXMOX_VE_API_TOKEN=f"{token.id}={token.secret}",
            PROXMOX_VE_INSECURE="true",
            PYTHONPATH=str(places.CHECKOUT),
        )
        how = command.Run(env=environment, timeout=timedelta(minutes=5))
        done = command.run([sys.executable, PROGRAM, tmp_path, root, image], how)
        rows = session.rows("/cluster/resources", type="vm")
        pools = session.rows("/pools")

    told = {line["operation"]: line["changes"] for line in map(json.loads, done.stdout.splitlines())}
    assert told == {
        "up": {"create": 6},
        "again": {"same": 6},
        "refresh": {"same": 6},
        "change": {"same": 5, "update": 1},
        "settled": {"same": 6},
        "destroy": {"delete": 6},
    }
    assert (rows, pools) == ([], [])
    assert [path for path in (lab / "nodes").rglob("*") if path.is_file()] == []
