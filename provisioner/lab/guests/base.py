"""The root file system of an uploaded disk image, mounted read-only once per content."""

from __future__ import annotations

import fcntl
import hashlib
import json
from datetime import timedelta
from pathlib import Path

from provisioner import command
from provisioner.lab.guests.driver import GuestError

_LINUX_ROOT = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"  # UAPI Discoverable Partitions Specification, root x86-64
_SECTOR = 512
_CONVERT = command.Run(timeout=timedelta(minutes=5))


def content(disk: Path) -> str:
    """Return the SHA-256 of a guest's disk as it was before its first start; kept beside it, since guests never write to it.

    The driver's guests write into an overlay; a disk that is grown later keeps the content it started with. The API leaves
    the note at an import already (lab.proxmox.origin): guests of one image then share one base, whatever the size of their disks.
    """
    kept = disk.with_name(f".{disk.name}.origin")
    if not kept.exists():
        with disk.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
        kept.write_text(digest)
    return kept.read_text()


def _root_partition(raw: Path) -> tuple[int, int]:
    """Return offset and size in bytes of the root file system."""
    found = command.attempt(("sfdisk", "--json", raw))
    if found.status != 0:
        return 0, raw.stat().st_size
    for part in json.loads(found.stdout)["partitiontable"]["partitions"]:
        if str(part["type"]).upper() == _LINUX_ROOT:
            return part["start"] * _SECTOR, part["size"] * _SECTOR
    raise GuestError(f"{raw.name}: no root partition (GPT type {_LINUX_ROOT})")


def mounted(root: Path, disk: Path) -> Path:
    """Return the folder where the file system of `disk` is mounted read-only; convert and mount it if needed."""
    digest = content(disk)
    home = root / "bases" / digest[:16]
    target = home / "root"
    target.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if target.is_mount():
            return target
        raw = home / "disk.raw"
        if not raw.exists():
            new = raw.with_suffix(".new")
            command.run(("qemu-img", "convert", "-O", "raw", disk, new), _CONVERT)
            new.replace(raw)
        offset, size = _root_partition(raw)
        command.run(("mount", "-t", "ext4", "-o", f"loop,ro,noload,offset={offset},sizelimit={size}", raw, target))
    return target


def unmount(root: Path) -> None:
    """Unmount every base of a lab (its guests are stopped)."""
    for target in sorted((root / "bases").glob("*/root")):
        if target.is_mount():
            command.attempt(("umount", target))
