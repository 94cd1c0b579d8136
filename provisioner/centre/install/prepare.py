"""Before a bare node is installed: its facts are complete, its root password and the service's certificate are made, a token is issued."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from provisioner import pki, places
from provisioner.centre.install import ledger
from provisioner.errors import FindingError, Problem, UsageError, raise_all
from provisioner.model import Inventory

DEFAULT_PORT = 8443
_PASSWORD_BYTES = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Where the answers are served: `pair` is certificate and key in one file, `authority` signed it."""

    url: str
    pair: Path
    authority: Path

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 of the certificate as the installer wants it: AA:BB:..."""
        found = x509.load_pem_x509_certificate(self.pair.read_bytes())
        return found.fingerprint(hashes.SHA256()).hex(":").upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What the engineer needs to make the installation medium."""

    service: Service
    token_file: Path
    sites: tuple[str, ...]


def service(url: str, domain: str, now: datetime) -> Service:
    """Return the service at a URL, its certificate made if needed; raise UsageError if the URL is not one of ours."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.path not in ("", "/"):
        raise UsageError(Problem(where=url, what="it is not an https URL without a path", hint=f"https://10.64.16.250:{DEFAULT_PORT}"))
    addresses: tuple[IPv4Address, ...] = ()
    name = parts.hostname
    try:
        addresses = (IPv4Address(name),)
        name = f"installer-{name.replace('.', '-')}.{domain}"
    except AddressValueError as error:
        if not name.endswith(f".{domain}"):
            raise UsageError(Problem(where=url, what=f"its name does not end in .{domain}", hint="use an address instead")) from error
    issued = pki.issue(ledger.folder() / "pki", domain, [pki.Server(name=name, addresses=addresses)], [], now)
    return Service(url=url.rstrip("/"), pair=issued.servers[name], authority=issued.authority)


def password_file(site: str) -> Path:
    """Return the file with the password of root@pam that the installer sets on a site's node."""
    return places.site(site).root / "secrets" / "node-root-password"


def _missing(inventory: Inventory, site: str) -> list[Problem]:
    found = inventory.sites.get(site)
    if found is None:
        return [Problem(where=site, what="there is no such site", hint=", ".join(sorted(inventory.sites)))]
    where, problems = f"{site}: node", []
    if found.node.serial is None and found.node.mac is None:
        problems.append(
            Problem(
                where=where, what="neither `serial` nor `mac` is written", hint="copy both from the label; no machine is answered by guess"
            )
        )
    if found.node.disks is None:
        problems.append(
            Problem(
                where=where,
                what="`disks` is not written",
                hint="disks: {filesystem: zfs, raid: raid1, match: {ID_MODEL: 'Micron_5400*'}}; the installer wipes what matches",
            )
        )
    return problems


def prepare(inventory: Inventory, sites: Sequence[str], url: str, now: datetime, life: timedelta) -> Prepared:
    """Make what an installation of these sites' nodes needs; raise FindingError with every fact that is missing."""
    raise_all(FindingError, [problem for site in sites for problem in _missing(inventory, site)])
    made = service(url, inventory.national.domain, now)
    for site in sites:
        if not password_file(site).exists():
            places.write(password_file(site), secrets.token_urlsafe(_PASSWORD_BYTES) + "\n")
    token = ledger.issue(sites, now, life)
    file = ledger.folder() / f"token-{ledger.hashed(token)[:12]}"
    places.write(file, token + "\n")
    places.write(ledger.folder() / "url", url.rstrip("/") + "\n")
    return Prepared(service=made, token_file=file, sites=tuple(sites))
