"""A root file system becomes a disk that boots by BIOS and by UEFI; the same bytes from the same tree.

GPT: 1 BIOS boot, 2 EFI system, 3 root (last, so that it grows with the disk). Readers find the root by its type, never by its number.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from provisioner import command
from provisioner.adapters.images import boot
from provisioner.adapters.images.boot import SECTOR
from provisioner.adapters.images.recipe import Recipe
from provisioner.adapters.images.tree import Work, how

_MIB = 2**20
_BIOS_BOOT = "21686148-6449-6E6F-744E-656564454649"
_EFI_SYSTEM = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
LINUX_ROOT_X86_64 = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"  # UAPI Discoverable Partitions Specification


@dataclass(frozen=True, slots=True, kw_only=True)
class _Partition:
    number: int
    start: int  # bytes
    size: int  # bytes
    kind: str
    name: str

    def line(self, recipe: Recipe) -> str:
        """Return the line of sfdisk's script."""
        unique = f"{str(recipe.disk_uuid)[:-2]}{self.number:02x}"
        return f"start={self.start // SECTOR}, size={self.size // SECTOR}, type={self.kind}, uuid={unique}, name={self.name}\n"


def _partitions(recipe: Recipe) -> tuple[_Partition, _Partition, _Partition]:
    """Return the three partitions; one MiB is left before them and one after, for the two partition tables."""
    bios = _Partition(number=1, start=_MIB, size=_MIB, kind=_BIOS_BOOT, name="bios")
    efi = _Partition(number=2, start=2 * _MIB, size=8 * _MIB, kind=_EFI_SYSTEM, name="efi")
    root = _Partition(number=3, start=10 * _MIB, size=recipe.disk_size - 11 * _MIB, kind=LINUX_ROOT_X86_64, name="root")
    return bios, efi, root


def assemble(recipe: Recipe, work: Work) -> Path:
    """Return the raw disk: partition table, boot loaders, root file system."""
    bios, efi, root = _partitions(recipe)
    raw = work.folder / "disk.raw"
    with raw.open("wb") as disk:
        disk.truncate(recipe.disk_size)
    script = f"label: gpt\nlabel-id: {recipe.disk_uuid}\n" + "".join(one.line(recipe) for one in (bios, efi, root))
    command.run(("sfdisk", "--quiet", raw), command.Run(stdin=script))
    with raw.open("r+b") as disk:
        disk.write(boot.bios_sector(bios.start // SECTOR))
        disk.seek(bios.start)
        disk.write(boot.bios_core(bios.start // SECTOR, recipe, work))
        disk.seek(efi.start)
        disk.write(boot.efi_partition(efi.size, recipe, work).read_bytes())
    _file_system(root, raw, recipe, work)
    return raw


def _file_system(root: _Partition, raw: Path, recipe: Recipe, work: Work) -> None:
    """Make ext4 inside the raw disk with the tree's own mke2fs: Debian 12's does not give the same bytes twice."""
    tree = work.tree
    loader = (tree / "lib64/ld-linux-x86-64.so.2", "--library-path", tree / "usr/lib/x86_64-linux-gnu")
    options = f"offset={root.start},hash_seed={recipe.root_uuid},lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0"
    flags = ("-q", "-F", "-t", "ext4", "-d", tree, "-L", "root", "-U", str(recipe.root_uuid), "-m", "1", "-J", "size=32", "-E", options)
    command.run((*loader, tree / "usr/sbin/mke2fs", *flags, raw, f"{root.size // 1024}k"), how(recipe, work))


def compress(recipe: Recipe, work: Work, raw: Path) -> Path:
    """Return the qcow2 of a raw disk, compressed with zstd."""
    packed = work.folder / "disk.qcow2"
    command.run(("qemu-img", "convert", "-O", "qcow2", "-c", "-o", "compression_type=zstd", raw, packed), how(recipe, work))
    return packed
