"""A node's certificate with dates of a test's own, and its authority."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from provisioner import places


def sign(folder: Path, begins: timedelta, ends: timedelta) -> Path:
    """Write pve-ssl.pem and pve-root-ca.pem as the lab's API keeps them, valid between these times from now; return the authority's."""
    authority, key, now = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    issuer, subject = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("PVE Cluster Manager CA", "localhost"))
    blank = x509.CertificateBuilder().issuer_name(issuer).serial_number(x509.random_serial_number())
    own = (
        blank.subject_name(issuer)
        .public_key(authority.public_key())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + timedelta(days=9))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority, hashes.SHA256())
    )
    leaf = (
        blank.subject_name(subject)
        .public_key(key.public_key())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(authority, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    places.write(folder / "pve-ssl.pem", private + leaf.public_bytes(serialization.Encoding.PEM))
    places.write(folder / "pve-root-ca.pem", own.public_bytes(serialization.Encoding.PEM))
    return folder / "pve-root-ca.pem"
