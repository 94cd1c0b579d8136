"""Control's own SSH key for a site, and the guests' host keys as their agents report them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provisioner import places


def control_key(site: str) -> str:
    """Return control's public key for the site; the pair is made at the first call and kept with mode 0600."""
    private = places.site(site).ssh_key
    public = private.with_suffix(".pub")
    if not public.exists():
        _make(private, public, site)
    return public.read_text().strip()


def _make(private: Path, public: Path, site: str) -> None:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    places.write(private, pem)
    line = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    places.write(public, f"{line} teranga-{site}\n")


def write_known_hosts(site: str, keys: Mapping[str, str]) -> None:
    """Write the known_hosts of a site: address -> public host key, nothing else is trusted."""
    text = "".join(f"{address} {' '.join(key.split()[:2])}\n" for address, key in sorted(keys.items()))
    places.write(places.site(site).known_hosts, text)
