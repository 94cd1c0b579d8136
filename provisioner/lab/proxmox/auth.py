"""Who calls: tickets with CSRF tokens, API tokens, passwords. Tickets are signed, so they survive a restart and need no table."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from urllib.parse import unquote

from provisioner.lab.proxmox.access import Identity
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.store import Store
from provisioner.lab.proxmox.values import Document

TICKET_SECONDS = 7200  # Proxmox's own lifetime of a ticket
_CLOCK_SECONDS = 300  # Proxmox's own allowance for clocks that differ
REALMS = ("pam", "pve")
_NO_LOGIN = Identity(user="")


def hash_password(password: str) -> str:
    """Return a salted scrypt hash (RFC 7914), fit for the store."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}:{_scrypt(password, salt).hex()}"


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**12, r=8, p=1)


def password_fits(password: str, kept: str) -> bool:
    """Return whether the password is the one that was hashed."""
    salt, _, wanted = kept.partition(":")
    return bool(salt) and hmac.compare_digest(_scrypt(password, bytes.fromhex(salt)).hex(), wanted)


def hash_token(value: str) -> str:
    """Return the hash of a token's secret: random already, so one round is enough."""
    return hashlib.sha256(value.encode()).hexdigest()


def _key(store: Store) -> bytes:
    with store.transaction():
        document = store.get("secret", "signing")
        if document is None:
            document = {"key": secrets.token_hex(32)}
            store.put("secret", "signing", document)
    return bytes.fromhex(str(document["key"]))


def _sign(store: Store, text: str) -> str:
    return base64.b64encode(hmac.new(_key(store), text.encode(), hashlib.sha256).digest()).decode().rstrip("=")


def _stamp() -> str:
    return f"{int(time.time()):08X}"


def _fresh(stamp: str) -> bool:
    try:
        age = time.time() - int(stamp, 16)
    except ValueError:
        return False
    return -_CLOCK_SECONDS <= age <= TICKET_SECONDS


def ticket(store: Store, user: str) -> str:
    """Return a new ticket of a user."""
    plain = f"PVE:{user}:{_stamp()}"
    return f"{plain}::{_sign(store, plain)}"


def csrf_token(store: Store, user: str) -> str:
    """Return a token that a write by ticket must carry."""
    stamp = _stamp()
    return f"{stamp}:{_sign(store, f'{stamp}:{user}')}"


def user_of_ticket(store: Store, text: str) -> str | None:
    """Return the user of a valid ticket, or None."""
    plain, _, signature = text.partition("::")
    kind, _, rest = plain.partition(":")
    user, _, stamp = rest.rpartition(":")
    if kind != "PVE" or not _fresh(stamp):
        return None
    if not hmac.compare_digest(_sign(store, plain), signature):
        return None
    return user if enabled(store, user) else None


def enabled(store: Store, user: str) -> bool:
    """Return whether the user exists, is enabled and not expired."""
    document = store.get("user", user)
    return document is not None and bool(document.get("enable", 1)) and not _expired(document)


def _expired(document: Document) -> bool:
    expire = int(str(document.get("expire", 0) or 0))
    return expire != 0 and expire < time.time()


def login(store: Store, user: str, password: str) -> str:
    """Return the user if the password (or a valid ticket in its place) fits; raise the 401 with its JSON body."""
    document = store.get("user", user)
    fits = (
        document is not None
        and enabled(store, user)
        and (user_of_ticket(store, password) == user or password_fits(password, str(document.get("password", ""))))
    )
    if not fits:
        raise Failure.unauthorised("authentication failure", bare=False)
    return user


def _by_token(store: Store, header: str) -> Identity:
    full, _, value = header.partition("=")
    user, _, name = full.partition("!")
    document = store.get("token", full)
    known = document is not None and not _expired(document) and enabled(store, user)
    if not known or document is None or not hmac.compare_digest(str(document["hash"]), hash_token(value)):
        raise Failure.unauthorised("Authentication failed!")
    return Identity(user=user, token=name)


def _by_ticket(store: Store, text: str, method: str, csrf: str) -> Identity:
    user = user_of_ticket(store, text)
    if user is None:
        raise Failure.unauthorised("Authentication failed!")
    if method != "GET":
        stamp, _, signature = csrf.partition(":")
        if not _fresh(stamp) or not hmac.compare_digest(_sign(store, f"{stamp}:{user}"), signature):
            raise Failure.unauthorised("Permission denied - invalid csrf token")
    return Identity(user=user)


def identify(store: Store, method: str, headers: Mapping[str, str], cookie: str | None) -> Identity:
    """Return the caller; raise a 401. A header of another scheme counts as none."""
    scheme, _, rest = headers.get("Authorization", "").partition("=")
    if scheme == "PVEAPIToken":
        return _by_token(store, rest)
    if headers.get("Authorization", "").startswith("PVEAPIToken"):
        raise Failure.unauthorised("Authentication failed!")
    if cookie:
        return _by_ticket(store, unquote(cookie), method, headers.get("CSRFPreventionToken", ""))
    raise Failure.unauthorised("No ticket")


def nobody() -> Identity:
    """Return the identity of a call that needs no login."""
    return _NO_LOGIN
