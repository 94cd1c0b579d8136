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
        make(private)
        places.write(public, public_line(private, site) + "\n")
    return public.read_text().strip()


def make(private: Path) -> None:
    """Write a new private key, mode 0600."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    places.write(private, pem)


def public_line(private: Path, site: str) -> str:
    """Return the public half of a private key as one line of authorized_keys."""
    key = serialization.load_ssh_private_key(private.read_bytes(), None)
    line = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    return f"{line} teranga-{site}"


def write_known_hosts(site: str, keys: Mapping[str, str]) -> None:
    """Write the known_hosts of a site: address -> public host key, nothing else is trusted."""
    text = "".join(f"{address} {' '.join(key.split()[:2])}\n" for address, key in sorted(keys.items()))
    places.write(places.site(site).known_hosts, text)
