"""What a driver keeps of a guest as a tar file: everything with owners, modes, links, devices and extended attributes."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

from provisioner import command

_LONG = command.Run(timeout=timedelta(minutes=15))
_WHOLE = ("--xattrs", "--xattrs-include=*", "--acls", "--numeric-owner", "--sparse")


def pack(folder: Path | None, archive: Path) -> None:
    """Write a folder to a new archive; an empty one if there is no folder."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    new = archive.with_name(f".{archive.name}.new")
    what = ("-C", folder, ".") if folder is not None and folder.is_dir() else ("-T", "/dev/null")
    command.run(("tar", *_WHOLE, "--warning=no-file-changed", "-cf", new, *what), _LONG)
    new.replace(archive)


def unpack(archive: Path, folder: Path) -> None:
    """Put the content of an archive in place of a folder's; an empty archive leaves none."""
    new = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    command.run(("tar", *_WHOLE, "-xf", archive, "-C", new), _LONG)
    shutil.rmtree(folder, ignore_errors=True)
    if any(new.iterdir()):
        new.replace(folder)
    else:
        new.rmdir()
