"""The boot loader of an image: GRUB for BIOS and for UEFI, without a loop mount and without grub-install.

The two places where GRUB's BIOS images name sectors are written here (GRUB manual, "BIOS installation";
grub-core/boot/i386/pc/boot.S and diskboot.S). Both loaders only look for the root file system and read its /boot/grub/grub.cfg.
"""

from __future__ import annotations

import struct
from pathlib import Path

from provisioner import command
from provisioner.adapters.images.recipe import Recipe
from provisioner.adapters.images.tree import Work, how

SECTOR = 512  # bytes
_GRUB = Path("/usr/lib/grub")
_KERNEL_SECTOR = 0x5C  # boot.img: 8 bytes, where the core begins
_DRIVE_CHECK = 0x66  # boot.img: 2 bytes, a jump that trusts a broken BIOS; two NOPs, as grub-bios-setup writes for a hard disk
_BLOCK_LIST = 0x1F4  # first sector of the core: 8 bytes start, 2 bytes length, 2 bytes segment
_LOAD_SEGMENT = 0x0820
_CODE_BYTES = 440  # before the disk signature of a partition table
_SEARCH = ("part_gpt", "ext2", "search", "search_fs_uuid")
_MENU = ("normal", "configfile", "linux", "boot", "echo", "test", "serial", "terminal", "gzio")
_MODULES = (*_SEARCH, *_MENU)


def _mkimage(target: str, more: tuple[str, ...], recipe: Recipe, work: Work) -> Path:
    script, made = work.folder / "early.cfg", work.folder / f"grub.{target}"
    script.write_text(f"search.fs_uuid {recipe.root_uuid} root\nset prefix=($root)/boot/grub\n")
    files: tuple[str | Path, ...] = ("-d", _GRUB / target, "-c", script, "-o", made)
    command.run(("grub-mkimage", "-O", target, "-p", "/boot/grub", *files, *_MODULES, *more), how(recipe, work))
    return made


def bios_core(first_sector: int, recipe: Recipe, work: Work) -> bytes:
    """Return GRUB's core for a BIOS boot partition that begins at `first_sector`."""
    content = bytearray(_mkimage("i386-pc", ("biosdisk",), recipe, work).read_bytes())
    content += bytes(-len(content) % SECTOR)
    struct.pack_into("<QHH", content, _BLOCK_LIST, first_sector + 1, len(content) // SECTOR - 1, _LOAD_SEGMENT)
    return bytes(content)


def bios_sector(core_sector: int) -> bytes:
    """Return the code of the first sector, which loads the core from `core_sector`."""
    content = bytearray((_GRUB / "i386-pc/boot.img").read_bytes()[:_CODE_BYTES])
    struct.pack_into("<Q", content, _KERNEL_SECTOR, core_sector)
    content[_DRIVE_CHECK : _DRIVE_CHECK + 2] = b"\x90\x90"
    return bytes(content)


def efi_partition(size: int, recipe: Recipe, work: Work) -> Path:
    """Return a FAT file system of `size` bytes with GRUB at the removable-media path (UEFI 2.10, 3.5.1.1)."""
    loader, made = _mkimage("x86_64-efi", ("fat",), recipe, work), work.folder / "esp.img"
    with made.open("wb") as disk:
        disk.truncate(size)
    run = how(recipe, work)
    command.run(("mkfs.fat", "-F", "12", "--invariant", "-n", "ESP", "-i", str(recipe.disk_uuid)[:8], made), run)
    command.run(("mmd", "-i", made, "::/EFI", "::/EFI/BOOT"), run)
    command.run(("mcopy", "-i", made, loader, "::/EFI/BOOT/BOOTX64.EFI"), run)
    return made
