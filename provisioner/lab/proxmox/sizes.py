"""Sizes of disks: bytes in the files, `8G` in the configuration."""

from __future__ import annotations

import re

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMGT]?)\Z")


def to_bytes(text: str) -> int:
    """Return the bytes of `8G`, `512M` or `8589934592`; raise ValueError for anything else."""
    found = _SIZE.match(text)
    if found is None:
        raise ValueError(text)
    return int(float(found[1]) * _UNITS[found[2]]) if "." in found[1] else int(found[1]) * _UNITS[found[2]]


def shown(size: int) -> str:
    """Return bytes in the largest unit that divides them, as Proxmox writes drives."""
    for unit in ("T", "G", "M", "K"):
        if size and size % _UNITS[unit] == 0:
            return f"{size // _UNITS[unit]}{unit}"
    return str(size)
