"""A site's certificate authority and what it signs. Private keys stay in the site's `pki` folder with mode 0600.

ca.pem, ca.key           the authority: may sign names of the site's domain only. ca.pem is what guests trust: while an
                         authority is replaced it holds two certificates, and the one that ca.key fits signs
next.key                 the authority to come: trusted already, signing not yet
servers/<name>.pem       private key and certificate of a server, in one file
clients/<role>.pem       private key and certificate of a database role: its common name
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from provisioner import places

_AUTHORITY_LIFE = timedelta(days=3650)
_LIFE = timedelta(days=397)  # CA/Browser Forum baseline requirements, section 6.3.2, before March 2026
_RENEW_BEFORE = timedelta(days=60)
_EARLIER = timedelta(days=1)  # a guest's clock may be behind until it has the operator's time


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A certificate that is wanted for a server."""

    name: str  # fully qualified
    addresses: tuple[IPv4Address, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """Where the certificates of a site lie."""

    authority: Path
    servers: Mapping[str, Path]
    clients: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class _Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def issue(folder: Path, domain: str, servers: Sequence[Server], clients: Sequence[str], now: datetime) -> Issued:
    """Make what is missing or expires within 60 days, leave the rest, and return where all of it is. `now` is aware."""
    for each in (folder, folder / "servers", folder / "clients"):
        each.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority = _authority(folder, domain, now)
    made_servers = {server.name: folder / "servers" / f"{server.name}.pem" for server in servers}
    made_clients = {client: folder / "clients" / f"{client}.pem" for client in clients}
    for server in servers:
        names: list[x509.GeneralName] = [x509.DNSName(server.name), *(x509.IPAddress(address) for address in server.addresses)]
        _ensure(made_servers[server.name], authority, server.name, names, now)
    for client in clients:
        _ensure(made_clients[client], authority, client, [], now)
    return Issued(authority=folder / "ca.pem", servers=made_servers, clients=made_clients)


class Replacement(Enum):
    """How far the replacement of an authority is."""

    NONE = auto()
    NEXT_TRUSTED = auto()  # guests learn to trust both, the old one signs
    FORMER_TRUSTED = auto()  # the new one signs, guests still trust both


def replacement(folder: Path) -> Replacement:
    """Return how far it is: each step is one file's renaming, so a cut one is either done or not."""
    if (folder / "next.key").exists():
        return Replacement.NEXT_TRUSTED
    return Replacement.FORMER_TRUSTED if len(_trusted(folder)) > 1 else Replacement.NONE


def trust_next(folder: Path, domain: str, now: datetime) -> None:
    """Make the next authority, or go on where that was cut, and trust it beside the one that signs."""
    key = folder / "next.key"
    if not key.exists():
        places.write(key, _key_text(ec.generate_private_key(ec.SECP256R1())))
    made, known = _load_key(key.read_bytes()), _trusted(folder)
    if not any(one.public_key() == made.public_key() for one in known):
        _write_trusted(folder, (*known, _self_signed(made, domain, now)))


def sign_by_next(folder: Path) -> None:
    """Let the next authority sign from now on: `issue` then replaces every certificate. The old one's key is gone."""
    (folder / "next.key").replace(folder / "ca.key")


def forget_former(folder: Path) -> None:
    """Trust only the authority that signs."""
    key = _load_key((folder / "ca.key").read_bytes())
    _write_trusted(folder, [one for one in _trusted(folder) if one.public_key() == key.public_key()])


def sign(folder: Path, content: bytes) -> bytes:
    """Return the authority's signature of some content: ECDSA with SHA-256, DER."""
    return _load_key((folder / "ca.key").read_bytes()).sign(content, ec.ECDSA(hashes.SHA256()))


def _trusted(folder: Path) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates((folder / "ca.pem").read_bytes())


def _write_trusted(folder: Path, certificates: Sequence[x509.Certificate]) -> None:
    places.write(folder / "ca.pem", b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates))


def _authority(folder: Path, domain: str, now: datetime) -> _Authority:
    certificate, key = folder / "ca.pem", folder / "ca.key"
    if certificate.exists() and key.exists():
        kept = _load_key(key.read_bytes())
        return _Authority(next(one for one in _trusted(folder) if one.public_key() == kept.public_key()), kept)
    made = ec.generate_private_key(ec.SECP256R1())
    signed = _self_signed(made, domain, now)
    places.write(key, _key_text(made))
    _write_trusted(folder, [signed])
    return _Authority(signed, made)


def _self_signed(made: ec.EllipticCurvePrivateKey, domain: str, now: datetime) -> x509.Certificate:
    name = _name(f"Teranga {domain}")
    return (
        _builder(name, name, made.public_key(), (now - _EARLIER, now + _AUTHORITY_LIFE))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(made.public_key()), critical=False)
        .add_extension(x509.NameConstraints([x509.DNSName(domain)], None), critical=True)
        .sign(made, hashes.SHA256())
    )


def _ensure(file: Path, authority: _Authority, common: str, names: Sequence[x509.GeneralName], now: datetime) -> None:
    """Write a key and certificate unless a fitting one is there. Names make it a server's."""
    if file.exists() and _fits(x509.load_pem_x509_certificate(file.read_bytes()), authority, names, now):
        return
    key = ec.generate_private_key(ec.SECP256R1())
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if names else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        _builder(_name(common), authority.certificate.subject, key.public_key(), (now - _EARLIER, now + _LIFE))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    signed = builder.sign(authority.key, hashes.SHA256())
    places.write(file, _key_text(key) + signed.public_bytes(serialization.Encoding.PEM))


def _fits(certificate: x509.Certificate, authority: _Authority, names: Sequence[x509.GeneralName], now: datetime) -> bool:
    """Return whether a certificate is the authority's, lasts, and names what is wanted."""
    try:
        certificate.verify_directly_issued_by(authority.certificate)
    except (ValueError, TypeError, InvalidSignature):  # another authority made it
        return False
    if certificate.not_valid_after_utc - now < _RENEW_BEFORE:
        return False
    if not names:
        return True
    return list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value) == list(names)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, life: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(life[0])
        .not_valid_after(life[1])
    )


def _usage(*, sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign,
        crl_sign=sign,
        encipher_only=False,
        decipher_only=False,
    )


def _key_text(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _load_key(text: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(text, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(type(key))
    return key
