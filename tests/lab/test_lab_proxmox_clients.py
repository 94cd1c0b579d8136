"""Ansible's collection community.proxmox works against the lab: its modules settle, its inventory plugin sees the guests."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from provisioner import command
from tests.unit.lab_proxmox.lab_server import NODE, SECRET, running

pytestmark = pytest.mark.lab
_MODULES = {
    "proxmox_group": {"groupid": "g1", "comment": "staff", "state": "present"},
    "proxmox_role": {"roleid": "R1", "privs": ["VM.Audit"], "state": "present"},
    "proxmox_user": {"userid": "u1@pve", "groups": ["g1"], "state": "present"},
    "proxmox_access_acl": {"path": "/vms/100", "roleid": "R1", "type": "group", "ugid": "g1", "state": "present"},
    "proxmox_pool": {"poolid": "p1", "comment": "x", "state": "present"},
    "proxmox_kvm": {
        "node": NODE, "vmid": 100, "name": "one", "scsi": {"scsi0": "local:1,format=qcow2"}, "net": {"net0": "virtio,bridge=vmbr0"},
        "tags": ["a", "b"], "timeout": 60, "state": "present",
    },
    "proxmox_pool_member": {"poolid": "p1", "members": [{"vm": "100"}], "state": "present"},
    "proxmox_nic": {"vmid": 100, "interface": "net1", "bridge": "vmbr0", "model": "virtio", "state": "present"},
    "proxmox_disk": {"vmid": 100, "disk": "scsi1", "storage": "local", "size": "1", "format": "qcow2", "state": "present"},
    "proxmox_snap": {"vmid": 100, "snapname": "before", "state": "present", "timeout": 60},
    "proxmox_cluster_firewall_options": {"state": "enabled"},
    "proxmox_zone": {"zone": "zvlan", "type": "vlan", "bridge": "vmbr0", "state": "present"},
    "proxmox_vnet": {"vnet": "vtag", "zone": "zvlan", "tag": 10, "state": "present"},
    "proxmox_cluster_ha_resources": {"name": "vm:100", "hastate": "stopped", "state": "present"},
    "proxmox_vm_info": {"node": NODE, "config": "current"},
}  # fmt: skip
_SETTLED = {"proxmox_group", "proxmox_role", "proxmox_access_acl", "proxmox_pool", "proxmox_pool_member", "proxmox_snap"}


def _collections() -> str:
    for folder in (
        *os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(":"),
        str(Path.home() / ".ansible/collections"),
        "/usr/share/ansible/collections",
    ):
        if folder and (Path(folder) / "ansible_collections/community/proxmox").is_dir():
            return folder
    pytest.skip("the collection community.proxmox is not installed (ANSIBLE_COLLECTIONS_PATH)")


def _play(port: int) -> list[Mapping[str, object]]:
    api = {
        "api_host": "127.0.0.1", "api_port": port, "api_user": "root@pam", "api_token_id": "trial", "api_token_secret": SECRET,
        "validate_certs": False,
    }  # fmt: skip
    tasks = [{f"community.proxmox.{name}": values, "name": name} for name, values in _MODULES.items()]
    return [{"hosts": "localhost", "gather_facts": False, "module_defaults": {"group/community.proxmox.proxmox": api}, "tasks": tasks}]


def test_modules_make_and_then_leave_and_the_inventory_shows_the_guest(tmp_path: Path) -> None:
    environment = command.environment(
        ANSIBLE_COLLECTIONS_PATH=_collections(),
        ANSIBLE_NOCOLOR="1",
        LC_ALL="C.UTF-8",
        NO_PROXY="127.0.0.1",
        PYTHONWARNINGS="ignore",
        HOME=str(tmp_path),
    )
    how = command.Run(env=environment, timeout=timedelta(minutes=5), cwd=tmp_path)
    tools = Path(sys.executable).parent
    with running(tmp_path / "lab", NODE) as lab:
        (tmp_path / "play.json").write_text(json.dumps(_play(lab.server.port)))
        argv: list[str | Path] = [
            tools / "ansible-playbook",
            "-i",
            "localhost,",
            "-c",
            "local",
            "-e",
            f"ansible_python_interpreter={sys.executable}",
            "play.json",
        ]
        command.run(argv, how)
        again = command.run(argv, how).stdout
        source = {
            "plugin": "community.proxmox.proxmox", "url": lab.server.url, "user": "root@pam", "token_id": "trial", "token_secret": SECRET,
            "validate_certs": False, "want_facts": True,
        }  # fmt: skip
        (tmp_path / "inv.proxmox.yml").write_text(json.dumps(source))
        seen = json.loads(command.run([tools / "ansible-inventory", "-i", "inv.proxmox.yml", "--list"], how).stdout)

    settled = {
        name for name in _MODULES if f"TASK [{name}]" in again and "ok: [localhost]" in again.split(f"TASK [{name}]")[1].split("TASK [")[0]
    }
    assert settled >= _SETTLED
    assert seen["_meta"]["hostvars"]["one"]["proxmox_vmid"] == 100
    assert seen["proxmox_pool_p1"]["hosts"] == ["one"]
