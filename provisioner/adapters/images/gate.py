"""The gate: nothing secret and nothing unique may be in an image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from provisioner.errors import Problem

# With its first line of content: programs and documentation name the header alone.
_PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----\r?\n[A-Za-z0-9+/=]{40}")
_SECRET_SETTING = re.compile(rb"^\s*(?:PrivateKey|PresharedKey|psk|wpa_passphrase)\s*=\s*\S{8,}", re.MULTILINE)
_UNIQUE = (
    "etc/hostname",
    "etc/resolv.conf",
    "etc/ssh/ssh_host_*",
    "etc/ssl/private/*",
    "etc/ssl/certs/ssl-cert-snakeoil.pem",
    "etc/wireguard/*",
    "home/*/.ssh/*",
    "root/.ssh/*",
    "root/.netrc",
    "root/.pgpass",
    "var/lib/cloud/instances/*",
    "var/lib/cloud/seed/*/*",
    "var/lib/dbus/machine-id",
    "var/lib/postgresql/*/main",
    "var/lib/systemd/credential.secret",
    "var/lib/systemd/random-seed",
)
_LONGEST_KEY_FILE = 64 * 1024  # bytes
_SEARCHED = ("boot", "etc", "home", "opt", "root", "srv", "usr/local", "usr/share", "var")
_NO_LOGIN = frozenset({"*", "!", "!*", "!!"})


def problems(tree: Path) -> tuple[Problem, ...]:
    """Return a problem for each secret or identity found in the root file system `tree`."""
    return (*_named(tree), *_machine_id(tree), *_keys(tree), *_passwords(tree))


def _named(tree: Path) -> Iterator[Problem]:
    for pattern in _UNIQUE:
        for path in sorted(tree.glob(pattern)):
            yield Problem(where=_shown(tree, path), what="must not be in an image", hint="name it under `removed` of the recipe")


def _machine_id(tree: Path) -> Iterator[Problem]:
    path = tree / "etc/machine-id"
    if not path.exists() or path.read_bytes():
        yield Problem(where="/etc/machine-id", what="is not there or not empty", hint="an empty file makes each machine its own")


def _keys(tree: Path) -> Iterator[Problem]:
    for path in _files(tree):
        content = path.read_bytes()
        if _PRIVATE_KEY.search(content):
            yield Problem(where=_shown(tree, path), what="holds a private key", hint="make it on each machine")
        elif path.is_relative_to(tree / "etc") and _SECRET_SETTING.search(content):
            yield Problem(where=_shown(tree, path), what="holds a key or a network's secret", hint="make it on each machine")


def _files(tree: Path) -> Iterator[Path]:
    for top in _SEARCHED:
        for path in sorted((tree / top).rglob("*")):
            if path.is_file() and not path.is_symlink() and path.stat().st_size <= _LONGEST_KEY_FILE:
                yield path


def _passwords(tree: Path) -> Iterator[Problem]:
    path = tree / "etc/shadow"
    for line in path.read_text().splitlines() if path.exists() else ():
        user, hashed, *_ = line.split(":")
        if hashed not in _NO_LOGIN:
            yield Problem(where="/etc/shadow", what=f"the account {user} has a password, or needs none", hint="lock it")


def _shown(tree: Path, path: Path) -> str:
    return f"/{path.relative_to(tree)}"
