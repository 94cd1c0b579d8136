"""Every path outside the checkout, once: state, cache, logs, keys.

`TERANGA_STATE` and `TERANGA_CACHE` move the two roots; otherwise the XDG base directories are used.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def write(file: Path, content: str | bytes, mode: int = 0o600) -> None:
    """Write a file whole or not at all, with its mode from the first byte: beside it, to the disk, then renamed over it.

    Folders that are missing are made for their owner alone. Concurrent writers do not meet: the last one stays.
    """
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    number, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(number, "wb") as handle:
            os.fchmod(number, mode)
            handle.write(content.encode() if isinstance(content, str) else content)
            handle.flush()
            os.fsync(number)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _root(variable: str, xdg: str, fallback: str) -> Path:
    if chosen := os.environ.get(variable):
        return Path(chosen).resolve()
    return Path(os.environ.get(xdg) or Path.home() / fallback) / "teranga"


def cache() -> Path:
    """Return the folder of what can be made again: engine, images, packages."""
    return _root("TERANGA_CACHE", "XDG_CACHE_HOME", ".cache")


def state() -> Path:
    """Return the folder of what must not be lost: stacks, journals, keys, the lab."""
    return _root("TERANGA_STATE", "XDG_STATE_HOME", ".local/state")


def inventory() -> Path:
    """Return the inventory's folder: `TERANGA_INVENTORY`, else the checkout's."""
    return Path(os.environ.get("TERANGA_INVENTORY") or CHECKOUT / "inventory").resolve()


@dataclass(frozen=True, slots=True)
class SitePlaces:
    """The files Teranga keeps of one site."""

    root: Path

    @property
    def endpoint(self) -> Path:
        """Return the file that says where the site's Proxmox API is (JSON, no secret)."""
        return self.root / "endpoint.json"

    @property
    def token(self) -> Path:
        """Return the file with the site's API token (mode 0600)."""
        return self.root / "secrets" / "proxmox-token"

    @property
    def passphrase(self) -> Path:
        """Return the file with the stack's passphrase (mode 0600)."""
        return self.root / "secrets" / "stack-passphrase"

    @property
    def ssh_key(self) -> Path:
        """Return the control's private key for this site; `.pub` lies beside it."""
        return self.root / "secrets" / "ssh_ed25519"

    @property
    def known_hosts(self) -> Path:
        """Return the host keys read by the guest agent."""
        return self.root / "known_hosts"

    @property
    def pki(self) -> Path:
        """Return the folder of the site's certificate authority."""
        return self.root / "pki"

    @property
    def observed(self) -> Path:
        """Return the folder of what was observed (JSON files)."""
        return self.root / "observed"

    @property
    def journal(self) -> Path:
        """Return the journal of the site's runs."""
        return self.root / "journal.jsonl"

    @property
    def logs(self) -> Path:
        """Return the folder of the site's logs."""
        return self.root / "logs"

    @property
    def reports(self) -> Path:
        """Return the folder of acceptance reports."""
        return self.root / "reports"


def site(name: str) -> SitePlaces:
    """Return the places of the site `name`."""
    return SitePlaces(state() / "sites" / name)


def lab() -> Path:
    """Return the folder of the lab: its API's database, storages, guests."""
    return state() / "lab"


def stacks() -> Path:
    """Return the folder of the Pulumi backend (`file://`)."""
    return state() / "stacks"


def engine() -> Path:
    """Return the cache of the Pulumi engine and plugin."""
    return cache() / "engine"


def values() -> Path:
    """Return the cache of the inventory's values: an unchanged file is not parsed again."""
    return cache() / "inventory"


def images() -> Path:
    """Return the cache of built images."""
    return cache() / "images"
