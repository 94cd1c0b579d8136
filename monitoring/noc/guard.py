"""Who may look and who may write: people on this host, people with a password, and forms that this page gave them."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from ipaddress import ip_address

from monitoring.noc.passwords import Hashed, hashed

COOKIE = "noc_visite"
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_REMEMBER_SECONDS = 300.0  # a password that was right is not hashed again for so long
_REMEMBER_MOST = 1000


class Refusal(Enum):
    """Why a request is refused."""

    NO_PASSWORD = auto()
    ELSEWHERE = auto()  # from another host, but nobody has a password yet
    FORGED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who asks; nobody has a name on the host itself."""

    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """What a request says of who sent it: the other end's address and its headers, names in lower case."""

    address: str
    headers: Mapping[str, str]


class Guard:
    """Holds the passwords and this run's secret."""

    def __init__(self, passwords: Mapping[str, Hashed]) -> None:
        """Begin a run; without passwords only this host is let in."""
        self._passwords = passwords
        self._secret = secrets.token_bytes(32)
        self._nobody = hashed(secrets.token_hex(16))
        self._hashing = threading.Lock()  # one at a time: guessing must not eat the machine
        self._right: dict[bytes, float] = {}

    def admit(self, caller: Caller) -> Person | Refusal:
        """Tell who asks. A proxy's request counts as from elsewhere even if the proxy is on this host."""
        name, password = _credentials(caller.headers.get("authorization", ""))
        if name and self._knows(name, password):
            return Person(name=name)
        if _on_this_host(caller):
            return Person()
        return Refusal.NO_PASSWORD if self._passwords else Refusal.ELSEWHERE

    def token(self, visit: str) -> str:
        """Return the token that this visit's forms carry."""
        return hmac.new(self._secret, visit.encode(), "sha256").hexdigest()

    def writes(self, caller: Caller, visit: str, token: str) -> bool:
        """Tell whether a form came from our own page: its token fits the visit, and the browser says so too."""
        origin, host = caller.headers.get("origin", ""), caller.headers.get("host", "")
        if origin and origin.split("://", 1)[-1] != host:
            return False
        if caller.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return False
        return bool(visit) and hmac.compare_digest(self.token(visit).encode(), token.encode())

    def _knows(self, name: str, password: str) -> bool:
        key = hmac.new(self._secret, f"{name}\0{password}".encode(), "sha256").digest()
        now = time.monotonic()
        if now < self._right.get(key, 0.0):  # before the lock: who is known does not queue behind who guesses
            return True
        with self._hashing:
            known = self._passwords.get(name)
            fits = (known or self._nobody).matches(password) and known is not None
            if fits:
                self._right = {one: until for one, until in self._right.items() if now < until} if len(self._right) < _REMEMBER_MOST else {}
                self._right[key] = now + _REMEMBER_SECONDS
            return fits


def _credentials(header: str) -> tuple[str, str]:
    """Return name and password of `Basic ...` (RFC 7617), empty if there are none."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password


def _on_this_host(caller: Caller) -> bool:
    """Tell whether a request comes straight from this host, by its own name (a name from elsewhere may be rebound to us)."""
    try:
        near = ip_address(caller.address).is_loopback
    except ValueError:
        return False
    host = caller.headers.get("host", "").lower()
    name = host[: host.rfind("]") + 1] if host.startswith("[") else host.split(":")[0]
    return near and name in _LOOPBACK_NAMES and not any(header in caller.headers for header in _PROXY_HEADERS)
