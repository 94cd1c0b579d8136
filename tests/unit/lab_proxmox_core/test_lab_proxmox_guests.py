"""A guest's life: made from an image, changed, started, asked, deleted."""

from __future__ import annotations

import subprocess

import pytest

from provisioner.lab.proxmox.disk_image import virtual_size
from provisioner.lab.proxmox.origin import origin_of
from tests.unit.lab_proxmox_core.client import Api

# What the provider sends for a guest with an imported disk (recorded from bpg/terraform-provider-proxmox 0.112).
FULL = {
    "vmid": "910",
    "name": "vmfull",
    "agent": "enabled=1,fstrim_cloned_disks=0,type=virtio",
    "boot": "order=ide3;scsi0;net0",
    "cipassword": "a password",
    "ciuser": "ops",
    "ciupgrade": "0",
    "cores": "2",
    "ide2": "file=local:cloudinit,",
    "ide3": "file=none,media=cdrom,",
    "ipconfig0": "gw=10.64.0.1,ip=10.64.3.4/16",
    "memory": "512",
    "nameserver": "10.64.1.1",
    "net0": "model=virtio,bridge=vmbr0,firewall=1,macaddr=bc:24:11:00:09:10,tag=110",
    "scsi0": "file=local:0,import-from=local:import/base.qcow2,format=qcow2,size=134217728,ssd=1,discard=on",
    "virtio1": "file=local:1,format=raw,size=1073741824,aio=io_uring",
    "smbios1": "base64=1,uuid=00000000-0000-0000-0000-000000000910",
    "sshkeys": "ssh-ed25519%20AAAAC3NzaC1lZDI1NTE5AAAAIEnEL%2FqkIosR38%2BQUkn7UQlDn86zjTFXFiKMkua33Gfl%20ops",
    "tags": "Teranga;test,a",
}


@pytest.fixture
def full(with_image: Api) -> Api:
    """The server with guest 910."""
    assert with_image.task("POST", "/nodes/pve1/qemu", **FULL) == "OK"
    return with_image


def test_a_created_guest_reads_back_in_proxmoxs_normal_form(full: Api) -> None:
    config = full.config(910)

    assert config["scsi0"] == "local:910/vm-910-disk-0.qcow2,discard=on,size=64M,ssd=1"
    assert config["virtio1"] == "local:910/vm-910-disk-1.raw,aio=io_uring,size=1G"
    assert config["ide2"] == "local:910/vm-910-cloudinit.qcow2,media=cdrom"
    assert config["ide3"] == "none,media=cdrom"
    assert config["net0"] == "virtio=BC:24:11:00:09:10,bridge=vmbr0,firewall=1,tag=110"
    assert (config["tags"], config["cipassword"], config["memory"], config["cores"]) == ("a;teranga;test", "**********", "512", 2)
    assert config["smbios1"] == FULL["smbios1"]
    assert {"vmgenid", "meta", "digest"} <= set(config)
    assert "pool" not in config


def test_an_imported_disk_is_a_real_file_of_its_own(full: Api) -> None:
    folder = full.root / "nodes/pve1/storage/local"
    disk, image = folder / "images/910/vm-910-disk-0.qcow2", folder / "import/base.qcow2"

    assert full.task("PUT", "/nodes/pve1/qemu/910/resize", disk="scsi0", size="134217728") == "OK"

    assert virtual_size(disk) == 128 << 20
    assert virtual_size(image) == 64 << 20
    subprocess.run(["qemu-img", "check", "-q", disk], check=True)
    assert str(full.config(910)["scsi0"]).endswith("size=128M,ssd=1")
    assert origin_of(disk) == subprocess.run(["sha256sum", image], check=True, capture_output=True, text=True).stdout.split()[0]


def test_a_disk_never_shrinks(full: Api) -> None:
    assert full.task("PUT", "/nodes/pve1/qemu/910/resize", disk="scsi0", size="1M") == "shrinking disks is not supported"
    assert full.task("PUT", "/nodes/pve1/qemu/910/resize", disk="scsi9", size="3G") == "disk 'scsi9' does not exist"


def test_a_failed_create_leaves_neither_guest_nor_file(with_image: Api) -> None:
    status = with_image.task("POST", "/nodes/pve1/qemu", vmid=950, scsi0="local:1", scsi1="local:0,import-from=local:import/none.qcow2")

    assert status == "unable to create VM 950 - failed to stat '/var/lib/vz/import/none.qcow2'"
    assert with_image.call("GET", "/nodes/pve1/qemu/950/config").status_code == 500
    assert not (with_image.root / "nodes/pve1/storage/local/images/950").exists()


@pytest.mark.parametrize(
    ("form", "status", "reason"),
    [
        ({"vmid": 910}, 500, "unable to create VM 910 - VM 910 already exists on node 'pve1'"),
        ({"vmid": 911, "scsi0": "none-such:1"}, 500, "storage 'none-such' does not exist"),
        ({"vmid": 911, "pool": "nopool"}, 403, "Permission check failed (pool 'nopool' does not exist)"),
        ({"vmid": 911, "sshkeys": "not-a-key"}, 500, "SSH public key validation error"),
    ],
)
def test_what_is_refused_at_once(full: Api, form: dict[str, str], status: int, reason: str) -> None:
    answer = full.call("POST", "/nodes/pve1/qemu", **form)

    assert (answer.status_code, answer.reason) == (status, reason)


def test_a_running_guest_takes_some_changes_at_once_and_others_at_its_next_start(full: Api) -> None:
    assert full.task("POST", "/nodes/pve1/qemu/910/status/start") == "OK"

    full.data("PUT", "/nodes/pve1/qemu/910/config", cores=4, memory=1024, name="renamed", delete="net0")

    assert full.config(910)["cores"] == 4
    assert "net0" not in full.config(910)
    active = full.config(910, current=1)
    assert (active["cores"], active["memory"], active["name"]) == (2, "512", "renamed")
    pending = {row["key"]: row for row in full.rows("GET", "/nodes/pve1/qemu/910/pending")}
    assert pending["cores"] == {"key": "cores", "value": 2, "pending": 4}
    assert pending["net0"]["delete"] == 1
    assert full.task("POST", "/nodes/pve1/qemu/910/status/reboot") == "OK"
    assert full.config(910, current=1)["cores"] == 4


def test_power(full: Api) -> None:
    status = "/nodes/pve1/qemu/910/status"

    assert full.task("POST", f"{status}/stop") == "OK"
    assert full.task("POST", f"{status}/start", timeout=1800) == "OK"
    assert full.task("POST", f"{status}/start") == "VM 910 already running"
    assert full.task("POST", f"{status}/reset") == "OK"
    current = full.data("GET", f"{status}/current")
    assert isinstance(current, dict)
    assert (current["status"], current["qmpstatus"], current["agent"], current["vmid"]) == ("running", "running", 1, 910)
    assert full.task("POST", f"{status}/shutdown", forceStop=1, timeout=2) == "OK"
    assert full.call("POST", f"{status}/reboot").reason == "VM 910 not running"
    assert full.task("POST", "/nodes/pve1/qemu/999/status/start") == "Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist"


def test_the_agent_answers_only_in_a_running_guest(full: Api) -> None:
    agent = "/nodes/pve1/qemu/910/agent"
    assert full.call("POST", f"{agent}/ping").reason == "VM 910 is not running"
    full.task("POST", "/nodes/pve1/qemu/910/status/start")

    assert full.data("POST", f"{agent}/ping") == {"result": {}}
    interfaces = full.data("GET", f"{agent}/network-get-interfaces")
    read = full.data("GET", f"{agent}/file-read", file="/etc/ssh/ssh_host_ed25519_key.pub")
    missing = full.call("GET", f"{agent}/file-read", file="/none")

    assert interfaces == {
        "result": [
            {
                "name": "eth0",
                "hardware-address": "bc:24:11:00:09:10",
                "ip-addresses": [{"ip-address": "10.64.3.4", "prefix": 16, "ip-address-type": "ipv4"}],
            }
        ]
    }
    assert isinstance(read, dict)
    assert str(read["content"]).startswith("ssh-ed25519 ")
    assert missing.status_code == 500


def test_a_deleted_disk_becomes_unused_and_then_goes(full: Api) -> None:
    disk = full.root / "nodes/pve1/storage/local/images/910/vm-910-disk-1.raw"

    full.data("PUT", "/nodes/pve1/qemu/910/config", delete="virtio1")
    assert full.config(910)["unused0"] == "local:910/vm-910-disk-1.raw"
    assert disk.exists()
    full.data("PUT", "/nodes/pve1/qemu/910/config", delete="unused0")

    assert "unused0" not in full.config(910)
    assert not disk.exists()


def test_a_put_of_an_existing_volume_keeps_it_and_reads_back_with_its_size(full: Api) -> None:
    full.data("PUT", "/nodes/pve1/qemu/910/config", scsi0="file=local:910/vm-910-disk-0.qcow2,ssd=0,aio=io_uring")

    assert full.config(910)["scsi0"] == "local:910/vm-910-disk-0.qcow2,aio=io_uring,size=64M,ssd=0"


def test_a_stale_digest_changes_nothing(full: Api) -> None:
    digest = full.config(910)["digest"]
    full.data("PUT", "/nodes/pve1/qemu/910/config", cores=3, digest=digest)

    answer = full.call("PUT", "/nodes/pve1/qemu/910/config", cores=8, digest=digest)

    assert (answer.status_code, answer.reason) == (500, "checksum mismatch (file change by other user?)")
    assert full.config(910)["cores"] == 3


@pytest.mark.parametrize(
    ("form", "errors"),
    [
        ({"delete": "bogus"}, {"delete": "unknown option 'bogus'"}),
        ({"delete": "cores", "cores": "2"}, {"delete": "you can't use '-cores' and -delete cores' at the same time"}),
        ({"skiplock": "1", "cores": "1"}, {"skiplock": "Only root may use this option."}),
        ({"cpu": "bogus"}, {"cpu": "invalid format - Built-in cputype 'bogus' is not defined (missing 'custom-' prefix?)\n"}),
        (
            {"ipconfig0": "gw=10.0.0.1"},
            {"ipconfig0": "invalid format - format error\nipconfig0.ip: missing property required by 'ipconfig0.gw'\n"},
        ),
    ],
)
def test_a_wrong_change_is_400(full: Api, form: dict[str, str], errors: dict[str, str]) -> None:
    answer = full.call("PUT", "/nodes/pve1/qemu/910/config", **form)

    assert (answer.status_code, answer.json()["errors"]) == (400, errors)


def test_protection_and_running_guard_a_guest_and_purge_removes_all(full: Api) -> None:
    full.data("PUT", "/nodes/pve1/qemu/910/config", protection=1)
    assert full.call("DELETE", "/nodes/pve1/qemu/910").reason == "can't remove VM 910 - protection mode enabled"
    full.data("PUT", "/nodes/pve1/qemu/910/config", protection=0)
    full.task("POST", "/nodes/pve1/qemu/910/status/start")
    assert full.call("DELETE", "/nodes/pve1/qemu/910").reason == "VM 910 is running - destroy failed"
    full.task("POST", "/nodes/pve1/qemu/910/status/stop")

    assert full.task("DELETE", "/nodes/pve1/qemu/910/", **{"destroy-unreferenced-disks": 1, "purge": 1}) == "OK"

    assert full.call("GET", "/nodes/pve1/qemu/910/status/current").status_code == 500
    assert not (full.root / "nodes/pve1/storage/local/images/910").exists()
    assert full.data("GET", "/cluster/resources", type="vm") == []
    assert full.task("DELETE", "/nodes/pve1/storage/local/content/local:import%2Fbase.qcow2") == "OK"
    assert [path for path in (full.root / "nodes").rglob("*") if path.is_file()] == []
    assert full.data("GET", "/cluster/nextid", vmid=910) == "910"
