"""The gate: nothing secret and nothing unique may be in an image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from provisioner.errors import Problem

_PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----\r?\n[A-Za-z0-9+/=]{40}")
_FORBIDDEN = ("etc/hostname", "etc/ssh/ssh_host_*", "etc/ssl/private/*", "etc/wireguard/*", "var/lib/dbus/machine-id", "var/lib/systemd/random-seed", "root/.ssh/*")
_LONGEST_KEY_FILE = 64 * 1024
_SEARCHED = ("etc", "root", "home", "srv", "opt", "var/lib", "usr/local")
_LOCKED = frozenset({"", "*", "!", "!*"})


def _files(tree: Path) -> Iterator[Path]:
    for top in _SEARCHED:
        yield from (path for path in sorted((tree / top).rglob("*")) if path.is_file() and not path.is_symlink())


def problems(tree: Path) -> tuple[Problem, ...]:
    """Return a problem for each secret or identity found in the root file system `tree`."""
    found = [
        Problem(where=f"/{path.relative_to(tree)}", what="must not be in an image", hint="delete it in the build")
        for pattern in _FORBIDDEN
        for path in sorted(tree.glob(pattern))
    ]
    machine_id = tree / "etc/machine-id"
    if machine_id.exists() and machine_id.read_text().strip():
        found.append(Problem(where="/etc/machine-id", what="holds an identity", hint="leave it empty"))
    for path in _files(tree):
        if path.stat().st_size <= _LONGEST_KEY_FILE and _PRIVATE_KEY.search(path.read_bytes()):
            found.append(Problem(where=f"/{path.relative_to(tree)}", what="holds a private key"))
    shadow = tree / "etc/shadow"
    for line in shadow.read_text().splitlines() if shadow.exists() else ():
        user, hashed = line.split(":")[:2]
        if hashed not in _LOCKED:
            found.append(Problem(where="/etc/shadow", what=f"the account {user} has a password"))
    return tuple(found)
