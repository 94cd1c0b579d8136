"""A root file system becomes a disk that boots: GPT, GRUB for BIOS, ext4; the same bytes from the same tree.

Layout: sector 0 GRUB's boot sector, 2048 GRUB's core in a BIOS boot partition, 4096 the root file system. No loop mount
and no grub-install: the two places where GRUB's images name sectors are written here (GRUB manual, "BIOS installation";
grub-core/boot/i386/pc/{boot,diskboot}.S).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from provisioner import command
from provisioner.adapters.images.recipe import Recipe

_SECTOR = 512
_CORE_SECTOR = 2048
_ROOT_SECTOR = 4096
_TAIL_SECTORS = 2048  # the second GPT
_GRUB = Path("/usr/lib/grub/i386-pc")
_KERNEL_SECTOR = 0x5C  # boot.img: 8 bytes, where the core begins
_BLOCK_LIST = 0x1F4  # first sector of the core: 8 bytes start, 2 length, 2 segment
_LOAD_SEGMENT = 0x0820
_CODE_BYTES = 440  # before the disk signature of a partition table
BIOS_BOOT = "21686148-6449-6E6F-744E-656564454649"
LINUX_ROOT_X86_64 = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"  # UAPI Discoverable Partitions Specification
_MODULES = ("biosdisk", "part_gpt", "ext2", "search", "search_fs_uuid", "linux", "boot", "serial", "terminal", "gzio")
_LONG = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The folders of one build."""

    tree: Path
    folder: Path
    log: Path


def _how(recipe: Recipe, work: Work) -> command.Run:
    env = command.environment(SOURCE_DATE_EPOCH=str(recipe.epoch), E2FSPROGS_FAKE_TIME=str(recipe.epoch))
    return command.Run(env=env, timeout=_LONG, log=work.log)


def file_system(recipe: Recipe, work: Work) -> Path:
    """Make the ext4 file system of the tree with the tree's own mke2fs (Debian 12's is not reproducible)."""
    raw = work.folder / "root.ext4"
    size = recipe.disk_size - (_ROOT_SECTOR + _TAIL_SECTORS) * _SECTOR
    loader = work.tree / "lib64/ld-linux-x86-64.so.2"
    argv = (loader, "--library-path", work.tree / "usr/lib/x86_64-linux-gnu", work.tree / "usr/sbin/mke2fs", "-q", "-t", "ext4", "-F", "-d", work.tree)
    options = f"hash_seed={recipe.root_uuid},lazy_itable_init=0,lazy_journal_init=0"
    command.run((*argv, "-L", "root", "-U", recipe.root_uuid, "-E", options, "-m", "1", raw, f"{size // 1024}k"), _how(recipe, work))
    return raw


def _core(recipe: Recipe, work: Work) -> bytes:
    script = work.folder / "grub.cfg"
    script.write_text(
        f"search.fs_uuid {recipe.root_uuid} root\n"
        f"linux ($root)/vmlinuz root=UUID={recipe.root_uuid} ro net.ifnames=0 console=tty0 console=ttyS0,115200 quiet\n"
        "initrd ($root)/initrd.img\nboot\n"
    )
    core = work.folder / "core.img"
    argv = ("grub-mkimage", "-O", "i386-pc", "-d", _GRUB, "-p", "/boot/grub", "-c", script, "-o", core, *_MODULES)
    command.run(argv, _how(recipe, work))
    content = bytearray(core.read_bytes())
    content += bytes(-len(content) % _SECTOR)
    struct.pack_into("<QHH", content, _BLOCK_LIST, _CORE_SECTOR + 1, len(content) // _SECTOR - 1, _LOAD_SEGMENT)
    return bytes(content)


def _boot_sector() -> bytes:
    content = bytearray((_GRUB / "boot.img").read_bytes()[:_CODE_BYTES])
    struct.pack_into("<Q", content, _KERNEL_SECTOR, _CORE_SECTOR)
    return bytes(content)


def _partition(recipe: Recipe, raw: Path, work: Work) -> None:
    sectors = recipe.disk_size // _SECTOR
    table = work.folder / "table"
    table.write_text(
        f"label: gpt\nlabel-id: {recipe.disk_uuid}\n"
        f"start={_CORE_SECTOR}, size={_ROOT_SECTOR - _CORE_SECTOR}, type={BIOS_BOOT}, uuid={_numbered(recipe, 1)}\n"
        f"start={_ROOT_SECTOR}, size={sectors - _ROOT_SECTOR - _TAIL_SECTORS}, type={LINUX_ROOT_X86_64}, uuid={_numbered(recipe, 2)}, name=root\n"
    )
    how = command.Run(env=command.environment(), stdin=table.read_text())
    command.run(("sfdisk", "-q", raw), how)


def _numbered(recipe: Recipe, number: int) -> str:
    return str(recipe.disk_uuid)[:-2] + f"{number:02x}"


def assemble(recipe: Recipe, work: Work, root: Path) -> Path:
    """Return the raw disk: partition table, boot loader, root file system."""
    raw = work.folder / "disk.raw"
    with raw.open("wb") as disk:
        disk.truncate(recipe.disk_size)
    command.run(("dd", f"if={root}", f"of={raw}", "bs=1M", f"seek={_ROOT_SECTOR * _SECTOR // 2**20}", "conv=notrunc,sparse", "status=none"), _how(recipe, work))
    _partition(recipe, raw, work)
    with raw.open("r+b") as disk:
        disk.write(_boot_sector())
        disk.seek(_CORE_SECTOR * _SECTOR)
        disk.write(_core(recipe, work))
    return raw


def compress(recipe: Recipe, work: Work, raw: Path) -> Path:
    """Return the qcow2 of a raw disk, compressed with zstd."""
    packed = work.folder / "disk.qcow2"
    command.run(("qemu-img", "convert", "-O", "qcow2", "-c", "-o", "compression_type=zstd", raw, packed), _how(recipe, work))
    return packed
