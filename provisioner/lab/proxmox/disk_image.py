"""Disk image files: raw and qcow2, real ones, made with qemu-img or by hand where that is exact and cheaper."""

from __future__ import annotations

import errno
import os
import shutil
import struct
from datetime import timedelta
from pathlib import Path

from provisioner import command
from provisioner.lab.proxmox.failure import Failure

FORMATS = ("raw", "qcow2", "vmdk")
_QCOW2_MAGIC = b"QFI\xfb"
_QCOW2_HEAD = 32  # bytes, up to and with the size
_CHUNK = 64 << 20
_LARGEST = 8 << 40  # what ext4 with 4 KiB blocks bears, halved
_LONG = command.Run(timeout=timedelta(minutes=15))
_FICLONE = 0x40049409  # linux/fs.h


def virtual_size(file: Path) -> int:
    """Return the size of the disk that the file holds, in bytes."""
    with file.open("rb") as source:
        head = source.read(_QCOW2_HEAD)
    if head[:4] == _QCOW2_MAGIC and len(head) == _QCOW2_HEAD:
        return int(struct.unpack(">Q", head[24:])[0])  # QCOW2 header, offset 24: size
    return file.stat().st_size


def format_of(file: Path) -> str:
    """Return the format by the name's end; a disk without one is raw."""
    suffix = file.suffix.removeprefix(".")
    return "raw" if suffix in ("img", "") else suffix


def is_qcow2(file: Path) -> bool:
    """Return whether the file begins as a qcow2 does."""
    with file.open("rb") as source:
        return source.read(4) == _QCOW2_MAGIC


def backing(file: Path) -> Path | None:
    """Return the disk that a qcow2 is linked to, if it is."""
    with file.open("rb") as source:
        head = source.read(_QCOW2_HEAD)
        if head[:4] != _QCOW2_MAGIC or len(head) < _QCOW2_HEAD:
            return None
        offset, length = struct.unpack(">QI", head[8:20])  # QCOW2 header: backing_file_offset, backing_file_size
        if offset == 0:
            return None
        source.seek(offset)
        return Path(source.read(length).decode())


def has_snapshots(file: Path) -> bool:
    """Return whether a qcow2 holds snapshots."""
    with file.open("rb") as source:
        source.seek(60)  # QCOW2 header: nb_snapshots
        return int.from_bytes(source.read(4)) > 0


def create(file: Path, size: int) -> None:
    """Make an empty disk in the format of the file's name; raise Failure if it is larger than a file can be."""
    if size > _LARGEST:
        raise Failure.of(f"unable to create image: {size} bytes are more than a file can hold")
    file.parent.mkdir(parents=True, exist_ok=True)
    if format_of(file) == "raw":
        with file.open("xb") as sink:
            sink.truncate(size)
    else:
        command.run(["qemu-img", "create", "-q", "-f", format_of(file), file, str(size)], _LONG)


def copy(source: Path, target: Path, name: str = "") -> None:
    """Copy a disk; into another format by conversion, else by sharing or copying its blocks in the kernel.

    With `name` what is copied is that snapshot inside it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if name or (is_qcow2(source) and (backing(source) is not None or has_snapshots(source))):
        chosen = ["-l", f"snapshot.name={name}"] if name else []
        command.run(["qemu-img", "convert", *chosen, "-O", format_of(target), source, target], _LONG)
        return
    if ("qcow2" if is_qcow2(source) else format_of(source)) != format_of(target):
        command.run(["qemu-img", "convert", "-O", format_of(target), source, target], _LONG)
        return
    with source.open("rb") as read, target.open("xb") as write:
        if not _cloned(read.fileno(), write.fileno()):
            _copied(read.fileno(), write.fileno(), source.stat().st_size)


def _cloned(read: int, write: int) -> bool:
    import fcntl

    try:
        fcntl.ioctl(write, _FICLONE, read)
    except OSError:
        return False
    return True


def _copied(read: int, write: int, size: int) -> None:
    """Copy what is written; holes stay holes."""
    os.ftruncate(write, size)
    done = 0
    while done < size:
        try:
            done = os.lseek(read, done, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing is written from here on
                return
            break
        end = os.lseek(read, done, os.SEEK_HOLE)
        try:
            moved = os.copy_file_range(read, write, min(_CHUNK, end - done), done, done)
        except OSError:
            moved = 0
        if moved == 0:
            break
        done += moved
    if done < size:  # a file system that cannot: by hand, from the start
        os.lseek(read, 0, os.SEEK_SET)
        os.ftruncate(write, 0)
        os.lseek(write, 0, os.SEEK_SET)
        with os.fdopen(os.dup(read), "rb") as source, os.fdopen(os.dup(write), "wb") as sink:
            shutil.copyfileobj(source, sink, _CHUNK)


def resize(file: Path, size: int) -> None:
    """Grow a disk; raise Proxmox's refusal if it would shrink."""
    present = virtual_size(file)
    if size < present:
        raise Failure.of("shrinking disks is not supported")
    if size > _LARGEST:
        raise Failure.of(f"unable to resize image: {size} bytes are more than a file can hold")
    if size == present:
        return
    if format_of(file) == "raw":
        with file.open("r+b") as sink:
            sink.truncate(size)
    else:
        command.run(["qemu-img", "resize", "-q", "-f", format_of(file), file, str(size)], _LONG)


def snapshot(action: str, name: str, file: Path) -> None:
    """Take (`-c`), apply (`-a`) or delete (`-d`) a snapshot inside a qcow2 file."""
    command.run(["qemu-img", "snapshot", "-q", action, name, file], _LONG)


def link(base: Path, target: Path) -> None:
    """Make a qcow2 that holds only what differs from another disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    command.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", format_of(base), target], _LONG)
