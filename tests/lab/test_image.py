"""The guests' image: the same bytes twice, and a machine that starts from them."""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from provisioner import command
from provisioner.adapters import images
from provisioner.adapters.images.disk import LINUX_ROOT_X86_64
from provisioner.adapters.images.image import sha256

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="mounts inside a namespace of its own need root")]

_OVMF = Path("/usr/share/OVMF")
_BOOT_SECONDS = 600  # an upper bound: QEMU translates, and the machine may be busy
_MAC = "02:54:00:10:01:00"
_GIB = 2**30
_WHY_NOT = "systemctl --failed --no-legend; sudo journalctl -b -p warning --no-pager | tail -40"


@pytest.fixture(scope="module")
def image() -> images.Image:
    """Return the server image, built if it is not there."""
    return images.build("server", print)


def test_an_image_built_again_from_its_lock_has_the_same_hash(image: images.Image) -> None:
    folder = image.path.parent / "again"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        again = sha256(images.rebuild("server", image.lock, folder, print))
    finally:
        shutil.rmtree(folder)

    assert again == image.sha256


def test_a_built_image_is_not_built_again(image: images.Image) -> None:
    started = time.monotonic()

    assert images.build("server", print) == image
    assert time.monotonic() - started < 5


def test_the_file_name_carries_the_hash_of_the_content(image: images.Image) -> None:
    assert sha256(image.path) == image.sha256
    assert image.path.name == f"teranga-server-{image.sha256[:12]}.qcow2"


def test_the_root_partition_is_the_last_and_is_found_by_its_type(image: images.Image, tmp_path: Path) -> None:
    raw = tmp_path / "disk.raw"
    command.run(("qemu-img", "convert", "-O", "raw", image.path, raw), command.Run(timeout=timedelta(minutes=2)))

    table = json.loads(command.run(("sfdisk", "--json", raw)).stdout)["partitiontable"]["partitions"]

    assert [one["name"] for one in table if one["type"] == LINUX_ROOT_X86_64] == ["root"]
    assert table[-1]["name"] == "root"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Machine:
    """A machine that QEMU runs: how to reach it, and its folder."""

    folder: Path
    port: int

    def ssh(self, words: str, timeout: int = 60) -> command.Completed:
        """Run a command line in the machine; its host key must be the one pinned by the first contact of this test."""
        pinned = f"UserKnownHostsFile={self.folder / 'known_hosts'}"
        options = ("-i", self.folder / "key", "-o", pinned, "-o", "StrictHostKeyChecking=accept-new")
        argv = ("ssh", *options, "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-p", str(self.port), "teranga@127.0.0.1", words)
        return command.attempt(argv, command.Run(timeout=timedelta(seconds=timeout)))

    def agent(self, call: str) -> object:
        """Return what qemu-guest-agent answers to a call."""
        with socket.socket(socket.AF_UNIX) as channel:
            channel.settimeout(30)
            channel.connect(str(self.folder / "agent.sock"))
            channel.sendall(json.dumps({"execute": call}).encode() + b"\n")
            return json.loads(channel.makefile().readline())


def _seed(folder: Path) -> None:
    """Write a drive as Proxmox VE makes it: NoCloud on ISO 9660, network configuration version 1."""
    command.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"))
    key = (folder / "key.pub").read_text().strip()
    (folder / "user-data").write_text(
        "#cloud-config\nhostname: probe\nmanage_etc_hosts: true\nfqdn: probe.kedougou.teranga.internal\nuser: teranga\n"
        f"ssh_authorized_keys:\n  - {key}\nchpasswd:\n  expire: False\nusers:\n  - default\npackage_upgrade: false\n"
    )
    (folder / "meta-data").write_text("instance-id: probe-1\n")
    (folder / "network-config").write_text(
        f"version: 1\nconfig:\n  - type: physical\n    name: eth0\n    mac_address: '{_MAC}'\n    subnets:\n"
        "      - type: static\n        address: '10.0.2.15'\n        netmask: '255.255.255.0'\n        gateway: '10.0.2.2'\n"
        "  - type: nameserver\n    address:\n      - '10.0.2.3'\n    search:\n      - 'kedougou.teranga.internal'\n"
    )
    names = ("seed.iso", "user-data", "meta-data")
    command.run(("cloud-localds", "-N", "network-config", *names), command.Run(cwd=folder))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _argv(folder: Path, port: int, firmware: tuple[str, ...]) -> tuple[str, ...]:
    """Return QEMU's command line, with the devices that Proxmox VE gives a guest of our stack."""
    return (
        *("qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1024", "-display", "none", "-no-reboot"),
        *firmware,
        *("-serial", f"file:{folder / 'serial.log'}"),
        *("-device", "virtio-scsi-pci,id=scsi", "-drive", f"file={folder / 'disk.qcow2'},if=none,id=disk,discard=on"),
        *("-device", "scsi-hd,bus=scsi.0,drive=disk,bootindex=1"),
        *("-drive", f"file={folder / 'seed.iso'},if=none,id=seed,format=raw,readonly=on,media=cdrom"),
        *("-device", "ide-cd,drive=seed,bus=ide.1,unit=0"),
        *("-device", "virtio-serial", "-chardev", f"socket,id=agent,path={folder / 'agent.sock'},server=on,wait=off"),
        *("-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"),
        *("-netdev", f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:22", "-device", f"virtio-net-pci,netdev=net,mac={_MAC}"),
    )


@contextmanager
def _started(image: images.Image, folder: Path, firmware: tuple[str, ...]) -> Iterator[_Machine]:
    _seed(folder)
    command.run(("qemu-img", "create", "-q", "-f", "qcow2", "-b", image.path, "-F", "qcow2", folder / "disk.qcow2", "6G"))
    machine = _Machine(folder=folder, port=_free_port())
    (folder / "serial.log").touch()
    with (folder / "qemu.log").open("w") as log:
        process = command.start(_argv(folder, machine.port, firmware), stdout=log, stderr=log)
    try:
        _wait_for_ssh(machine, process)
        yield machine
    finally:
        command.end(process)


def _wait_for_ssh(machine: _Machine, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + _BOOT_SECONDS
    while machine.ssh("true").status != 0:
        serial = (machine.folder / "serial.log").read_text(errors="replace")[-1500:]
        assert process.poll() is None, (machine.folder / "qemu.log").read_text()
        assert time.monotonic() < deadline, f"no SSH within {_BOOT_SECONDS} s; the console's end:\n{serial}"
        time.sleep(1)


def _firmware(kind: str, folder: Path) -> tuple[str, ...]:
    if kind == "bios":
        return ()
    if not (_OVMF / "OVMF_CODE_4M.fd").exists():
        pytest.skip("UEFI firmware for QEMU is not installed (Debian package ovmf)")
    variables = folder / "variables.fd"
    shutil.copyfile(_OVMF / "OVMF_VARS_4M.fd", variables)
    code = f"if=pflash,format=raw,unit=0,readonly=on,file={_OVMF / 'OVMF_CODE_4M.fd'}"
    return ("-machine", "q35", "-drive", code, "-drive", f"if=pflash,format=raw,unit=1,file={variables}")


@pytest.mark.parametrize("kind", ["bios", "uefi"])
def test_a_machine_starts_from_the_image_to_ssh_with_the_cloud_init_user(image: images.Image, tmp_path: Path, kind: str) -> None:
    started = time.monotonic()
    with _started(image, tmp_path, _firmware(kind, tmp_path)) as machine:
        logging.getLogger(__name__).info("%s: SSH after %.0f s", kind, time.monotonic() - started)

        state = machine.ssh("systemctl is-system-running --wait", timeout=240)
        assert state.stdout.strip() == "running", machine.ssh(_WHY_NOT).stdout
        assert machine.ssh("hostname --fqdn").stdout.strip() == "probe.kedougou.teranga.internal"
        assert "nameserver 10.0.2.3" in machine.ssh("cat /etc/resolv.conf").stdout
        assert int(machine.ssh("df --output=size -B1 / | tail -1").stdout) > 5 * _GIB
        assert machine.ssh("sudo id --user").stdout.strip() == "0"
        assert machine.agent("guest-ping") == {"return": {}}
        assert machine.ssh("test -d /sys/firmware/efi").status == (0 if kind == "uefi" else 1)
