"""A site's token, as `node adopt` makes it, makes and deletes the site's guests and nothing else; each of its privileges is needed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from provisioner.adapters.proxmox import password_session
from provisioner.adapters.proxmox.adopt import PRIVILEGES, ROLE, Adoption, adopt
from tests.unit.lab_proxmox.lab_server import PASSWORD, TIMEOUT_SECONDS, Running, image, running

_OURS, _OTHERS = 101600, 101700
_KEY = "ssh-ed25519%20AAAAC3NzaC1lZDI1NTE5AAAAIEnEL%2FqkIosR38%2BQUkn7UQlDn86zjTFXFiKMkua33Gfl%20ops"
# What the provider's VmLegacy sends for a guest of ours (recorded from bpg/terraform-provider-proxmox 0.112).
_GUEST = {
    "name": "kedougou-gateway",
    "agent": "enabled=1,fstrim_cloned_disks=0,type=virtio",
    "boot": "order=scsi0",
    "ciuser": "teranga",
    "ciupgrade": "0",
    "cores": "1",
    "cpu": "x86-64-v2-AES",
    "ide2": "file=local:cloudinit,",
    "ide3": "file=none,media=cdrom,",
    "ipconfig0": "ip=10.64.1.1/24",
    "memory": "256",
    "nameserver": "10.64.1.1",
    "net0": "model=virtio,bridge=vmbr1,firewall=1,macaddr=02:54:00:10:01:00,tag=20",
    "onboot": "1",
    "ostype": "l26",
    "scsi0": "file=local:0,import-from=local:import/base.qcow2,format=qcow2,size=134217728,discard=on",
    "scsihw": "virtio-scsi-single",
    "serial0": "socket",
    "smbios1": "base64=1,uuid=00000000-0000-0000-0000-000000000910",
    "sshkeys": _KEY,
    "startup": "order=1",
    "tags": "teranga;site-kedougou",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls, in one session."""

    session: requests.Session
    url: str

    def status(self, method: str, path: str, /, **form: object) -> int:
        """Return the status of a call; of a task that failed, 500."""
        answer = self.call(method, path, **form)
        data = answer.json().get("data") if answer.status_code == 200 else None
        return 500 if isinstance(data, str) and data.startswith("UPID:") and self._ended(data) != "OK" else answer.status_code

    def call(self, method: str, path: str, /, **form: object) -> requests.Response:
        """Call as the provider does."""
        given = {name: str(value) for name, value in form.items()}
        data, params = (given, None) if method in ("POST", "PUT") else (None, given)
        return self.session.request(method, f"{self.url}/api2/json{path}", timeout=TIMEOUT_SECONDS, data=data, params=params)

    def upload(self, node: str, name: str) -> int:
        """Return the status of the upload of an image."""
        answer = self.session.post(
            f"{self.url}/api2/json/nodes/{node}/storage/local/upload",
            files=[("content", (None, b"import")), ("filename", (name, b"QFI\xfb" + bytes(508)))],
            timeout=TIMEOUT_SECONDS,
        )
        return answer.status_code

    def _ended(self, upid: str) -> str:
        path = f"/nodes/{upid.split(':')[1]}/tasks/{upid}/status"
        while (status := self.call("GET", path).json()["data"])["status"] == "running":
            time.sleep(0.02)
        return str(status["exitstatus"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sites:
    """Two sites of one API: root, and the token of the first."""

    lab: Running
    root: Caller
    ours: Caller


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    """The nodes of kedougou and dahra, adopted; dahra has a guest that runs."""
    folder = tmp_path_factory.mktemp("sites")
    password = folder / "password"
    password.write_text(PASSWORD)
    with running(folder / "lab", "pve-kedougou", "pve-dahra") as lab:
        image(lab.root, "pve-kedougou", "base.qcow2")
        image(lab.root, "pve-dahra", "base.qcow2")
        ours, others = (_token(lab, password, site) for site in ("kedougou", "dahra"))
        with lab.session() as root, lab.session(ours) as session, lab.session(others) as neighbour:
            dahra = Caller(session=neighbour, url=lab.server.url)
            assert dahra.status("POST", "/pools", poolid="dahra") == 200
            assert dahra.status("POST", "/nodes/pve-dahra/qemu", vmid=_OTHERS, pool="dahra", start=1, **_GUEST) == 200
            yield Sites(lab=lab, root=Caller(session=root, url=lab.server.url), ours=Caller(session=session, url=lab.server.url))


def _token(lab: Running, password: Path, site: str) -> str:
    session = password_session(lab.server.url, "root@pam", password, lab.server.ca_file)
    wanted = Adoption(site=site, node=f"pve-{site}", datastore="local", bridge="vmbr1", pool=site)
    token, _ = adopt(session, wanted)
    return f"{token.id}={token.secret}"


def _life(caller: Caller) -> Mapping[str, int]:
    """Do all that the stack, `up`, `verify` and recovery do with the token; return each step's status."""
    node, path = "/nodes/pve-kedougou", f"/nodes/pve-kedougou/qemu/{_OURS}"
    steps = {
        "see the version": caller.status("GET", "/version"),
        "see the node": caller.status("GET", f"{node}/status"),
        "make the pool": caller.status("POST", "/pools", poolid="kedougou", comment="Kedougou"),
        "see the pool": caller.status("GET", "/pools", poolid="kedougou"),
        "upload the image": caller.upload("pve-kedougou", "new.qcow2"),
        "see the storage": caller.status("GET", f"{node}/storage/local/content", content="import"),
        "make the guest": caller.status("POST", f"{node}/qemu", vmid=_OURS, pool="kedougou", **_GUEST),
        "see the guest": caller.status("GET", f"{path}/config"),
        "grow the disk": caller.status("PUT", f"{path}/resize", disk="scsi0", size="268435456"),
        "change the processor": caller.status("PUT", f"{path}/config", cores=2),
        "change the memory": caller.status("PUT", f"{path}/config", memory=512),
        "change the card": caller.status("PUT", f"{path}/config", net1="model=virtio,bridge=vmbr1,firewall=1,tag=30"),
        "change the first boot": caller.status("PUT", f"{path}/config", ipconfig1="ip=10.64.2.1/24"),
        "change the options": caller.status("PUT", f"{path}/config", onboot=0),
        "permit a flow": caller.status("POST", f"{path}/firewall/rules", type="in", action="ACCEPT", proto="tcp", dport=443, enable=1),
        "set the firewall": caller.status("PUT", f"{path}/firewall/options", enable=1, policy_in="DROP"),
        "start it": caller.status("POST", f"{path}/status/start"),
        "see it run": caller.status("GET", f"{path}/status/current"),
        "ask its agent": caller.status("GET", f"{path}/agent/network-get-interfaces"),
        "ping its agent": caller.status("POST", f"{path}/agent/ping"),
        "read its host key": caller.status("GET", f"{path}/agent/file-read", file="/etc/ssh/ssh_host_ed25519_key.pub"),
        "stop it": caller.status("POST", f"{path}/status/stop"),
        "delete it": caller.status("DELETE", f"{path}/", **{"purge": 1, "destroy-unreferenced-disks": 1}),
        "delete the image": caller.status("DELETE", f"{node}/storage/local/content/local:import%2Fnew.qcow2"),
        "delete the pool": caller.status("DELETE", "/pools", poolid="kedougou"),
    }
    return {step: status for step, status in steps.items() if status != 200}


def _clear(root: Caller) -> None:
    """Take away what a refused token left."""
    path = f"/nodes/pve-kedougou/qemu/{_OURS}"
    if root.call("GET", f"{path}/config").status_code == 200:
        root.status("POST", f"{path}/status/stop")
        root.status("DELETE", path)
    root.status("DELETE", "/nodes/pve-kedougou/storage/local/content/local:import%2Fnew.qcow2")
    root.status("DELETE", "/pools", poolid="kedougou")


def test_the_token_alone_makes_changes_and_deletes_a_sites_guests(sites: Sites) -> None:
    assert _life(sites.ours) == {}


@pytest.mark.parametrize("privilege", PRIVILEGES)
def test_each_privilege_of_the_role_is_needed(sites: Sites, privilege: str) -> None:
    try:
        assert sites.root.status("PUT", f"/access/roles/{ROLE}", privs=",".join(one for one in PRIVILEGES if one != privilege)) == 200

        assert 403 in _life(sites.ours).values()
    finally:
        assert sites.root.status("PUT", f"/access/roles/{ROLE}", privs=",".join(PRIVILEGES)) == 200
        _clear(sites.root)


_FOREIGN = f"/nodes/pve-dahra/qemu/{_OTHERS}"


@pytest.mark.parametrize(
    ("method", "path", "form"),
    [
        ("GET", f"{_FOREIGN}/config", {}),
        ("PUT", f"{_FOREIGN}/config", {"cores": 4}),
        ("POST", f"{_FOREIGN}/status/stop", {}),
        ("DELETE", _FOREIGN, {}),
        ("GET", f"{_FOREIGN}/agent/file-read", {"file": "/etc/ssh/ssh_host_ed25519_key.pub"}),
        ("PUT", f"{_FOREIGN}/firewall/options", {"enable": 0}),
        ("POST", "/nodes/pve-dahra/qemu", {"vmid": 101650, "pool": "dahra"}),
        ("POST", "/nodes/pve-kedougou/qemu", {"vmid": 101650}),
        ("PUT", "/pools", {"poolid": "dahra", "vms": _OTHERS, "delete": 1}),
        ("DELETE", "/pools", {"poolid": "dahra"}),
        ("GET", "/nodes/pve-dahra/status", {}),
        ("POST", "/nodes/pve-dahra/network", {"iface": "vmbr9", "type": "bridge"}),
        ("POST", "/nodes/pve-kedougou/network", {"iface": "vmbr9", "type": "bridge"}),
        ("PUT", "/nodes/pve-kedougou/network", {}),
        ("DELETE", "/nodes/pve-kedougou/network/vmbr1", {}),
        ("POST", "/access/users", {"userid": "more@pve"}),
        ("PUT", "/access/users/teranga-kedougou@pve", {"enable": 1}),
        ("POST", "/access/users/teranga-kedougou@pve/token/more", {"privsep": 0}),
        ("DELETE", "/access/users/teranga-dahra@pve/token/stack", {}),
        ("POST", "/access/roles", {"roleid": "More", "privs": "Sys.Modify"}),
        ("PUT", f"/access/roles/{ROLE}", {"privs": "Sys.Modify"}),
        ("PUT", "/access/acl", {"path": "/", "roles": "Administrator", "users": "teranga-kedougou@pve"}),
        ("PUT", "/access/acl", {"path": f"/vms/{_OTHERS}", "roles": ROLE, "users": "teranga-kedougou@pve"}),
        ("POST", "/storage", {"storage": "more", "type": "dir", "path": "/srv/more"}),
    ],
)
def test_the_token_is_refused_beyond_its_site(sites: Sites, method: str, path: str, form: Mapping[str, object]) -> None:
    assert sites.ours.call(method, path, **form).status_code == 403


def test_no_pool_lends_rights_on_anothers_guest(sites: Sites) -> None:
    assert sites.ours.status("POST", "/pools", poolid="kedougou") == 200

    answer = sites.ours.call("PUT", "/pools", poolid="kedougou", vms=_OTHERS, **{"allow-move": 1})

    assert answer.status_code == 403
    assert sites.ours.call("GET", f"{_FOREIGN}/config").status_code == 403
    assert sites.ours.status("DELETE", "/pools", poolid="kedougou") == 200


def test_adoption_makes_the_bridge_on_each_nodes_switch(sites: Sites) -> None:
    rows = {row["iface"]: row for row in sites.root.call("GET", "/nodes/pve-kedougou/network").json()["data"]}

    assert set(sites.lab.switch.bridges["pve-kedougou"]) == set(sites.lab.switch.bridges["pve-dahra"]) == {"vmbr0", "vmbr1"}
    assert (rows["vmbr1"]["active"], rows["vmbr1"]["bridge_vlan_aware"], rows["vmbr1"]["bridge_vids"]) == (1, 1, "2-4094")


def test_lists_do_not_show_anothers_guest(sites: Sites) -> None:
    rows = sites.ours.call("GET", "/cluster/resources", type="vm").json()["data"]

    assert [row["vmid"] for row in rows] == []
