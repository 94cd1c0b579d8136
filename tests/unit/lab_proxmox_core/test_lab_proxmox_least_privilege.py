"""The token that `node adopt` makes: enough for a site's own stack, and for nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from provisioner.adapters.proxmox.adopt import Adoption, adopt
from provisioner.adapters.proxmox.session import password_session
from tests.unit.lab_proxmox_core.client import PASSWORD, Api

SITE = Adoption(site="kedougou", node="pve1", datastore="local", bridge="vmbr1", pool="teranga-kedougou")


@pytest.fixture
def site(with_image: Api) -> Iterator[Api]:
    """The server, called by the site's token after adoption."""
    file = with_image.root.parent / "password"
    file.write_text(PASSWORD)
    session = password_session(with_image.server.url, "root@pam", file, with_image.server.ca_file)
    token, done = adopt(session, SITE)
    assert any("vmbr1" in line for line in done)
    with requests.Session() as own:
        own.trust_env = False
        own.verify = str(with_image.server.ca_file)
        own.headers["Authorization"] = f"PVEAPIToken={token.id}={token.secret}"
        yield Api(with_image.server, own, with_image.root)


def test_the_sites_token_makes_watches_and_deletes_its_own_guests(site: Api) -> None:
    site.data("POST", "/pools", poolid=SITE.pool, comment="Teranga")
    form = {
        "vmid": 101601,
        "pool": SITE.pool,
        "cores": 2,
        "memory": 512,
        "agent": "enabled=1",
        "ide2": "local:cloudinit,",
        "ciuser": "teranga",
    }
    disk = "file=local:0,import-from=local:import/base.qcow2,format=qcow2"

    assert site.task("POST", "/nodes/pve1/qemu", net0="virtio,bridge=vmbr1,tag=20", scsi0=disk, **form) == "OK"
    assert site.task("POST", "/nodes/pve1/qemu/101601/status/start") == "OK"
    assert [row["pool"] for row in site.rows("GET", "/cluster/resources", type="vm")] == [SITE.pool]
    assert site.data("POST", "/nodes/pve1/qemu/101601/agent/ping") == {"result": {}}
    site.data("PUT", "/nodes/pve1/qemu/101601/firewall/options", enable=1, policy_in="DROP")
    site.data("POST", "/nodes/pve1/qemu/101601/firewall/rules", type="in", action="ACCEPT", proto="tcp", dport="22", enable=1)
    assert site.task("POST", "/nodes/pve1/qemu/101601/status/stop") == "OK"
    assert site.task("DELETE", "/nodes/pve1/qemu/101601", purge=1) == "OK"
    site.data("DELETE", "/pools", poolid=SITE.pool)


@pytest.mark.parametrize(
    ("method", "path", "form"),
    [
        ("POST", "/nodes/pve1/qemu", {"vmid": "100"}),
        ("POST", "/pools", {"poolid": "another"}),
        ("POST", "/nodes/pve1/network", {"iface": "vmbr9", "type": "bridge"}),
        ("PUT", "/storage/local", {"content": "iso"}),
        ("PUT", "/access/acl", {"path": "/", "roles": "Administrator", "users": "teranga-kedougou@pve"}),
        ("POST", "/access/roles", {"roleid": "mine", "privs": "Sys.Modify"}),
        ("PUT", "/cluster/options", {"description": "mine"}),
    ],
)
def test_the_sites_token_cannot_touch_what_is_not_the_sites(site: Api, method: str, path: str, form: dict[str, str]) -> None:
    assert site.call(method, path, **form).status_code == 403


def test_the_sites_token_cannot_plug_a_guest_into_the_nodes_own_bridge(site: Api) -> None:
    site.data("POST", "/pools", poolid=SITE.pool)

    answer = site.call("POST", "/nodes/pve1/qemu", vmid=101602, pool=SITE.pool, net0="virtio,bridge=vmbr0")

    assert (answer.status_code, answer.reason) == (403, "Permission check failed (/sdn/zones/localnetwork/vmbr0, SDN.Use)")
