"""What was given out and who asked: tokens (by their hash), machines that were answered, strangers in quarantine."""

from __future__ import annotations

import fcntl
import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from provisioner import places

_QUARANTINE = 1000  # machines; the oldest are forgotten first
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An installation token: for which sites, until when; each site's answer is given for it once."""

    sites: tuple[str, ...]
    expires: str  # ISO 8601, UTC
    used: Mapping[str, str] = field(default_factory=dict)  # site -> when


@dataclass(frozen=True, slots=True, kw_only=True)
class Installing:
    """A machine that got its answer: its first boot may report once."""

    site: str
    expires: str
    reported: str = ""  # when; empty: not yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A machine that was refused: who, why, when, how often."""

    machine: str
    address: str
    why: str
    first: str
    last: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The whole file."""

    tokens: Mapping[str, Token] = field(default_factory=dict)
    machines: Mapping[str, Installing] = field(default_factory=dict)
    quarantine: tuple[Quarantined, ...] = ()


def folder() -> Path:
    """Return the folder of the installation service: ledger, certificate, token files."""
    return places.state() / "install"


def hashed(secret: str) -> str:
    """Return how a secret is kept. It is random and long, so one hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def read() -> Ledger:
    """Return the ledger as it is."""
    file = folder() / "ledger.json"
    if not file.exists():
        return Ledger()
    said = json.loads(file.read_text())
    return Ledger(
        tokens={name: Token(**(one | {"sites": tuple(one["sites"])})) for name, one in said["tokens"].items()},
        machines={name: Installing(**one) for name, one in said["machines"].items()},
        quarantine=tuple(Quarantined(**one) for one in said["quarantine"]),
    )


@contextmanager
def _alone() -> Iterator[None]:
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder() / "ledger.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _keep(ledger: Ledger) -> None:
    places.write(folder() / "ledger.json", json.dumps(asdict(ledger), indent=1, sort_keys=True) + "\n")


def issue(sites: Sequence[str], now: datetime, life: timedelta) -> str:
    """Make a token for these sites; return it: only its hash is kept."""
    secret = secrets.token_urlsafe(_TOKEN_BYTES)
    with _alone():
        kept = read()
        made = Token(sites=tuple(sites), expires=(now + life).isoformat())
        _keep(replace(kept, tokens={**kept.tokens, hashed(secret): made}))
    return secret


def spend(secret: str, site: str, now: datetime, life: timedelta) -> str:
    """Use a token for a site; return the secret of the machine's first boot. Raise PermissionError with the reason if it does not serve."""
    with _alone():
        kept = read()
        token = kept.tokens.get(hashed(secret))
        if token is None or datetime.fromisoformat(token.expires) < now:
            raise PermissionError("its token is unknown or has expired")
        if site not in token.sites:
            raise PermissionError(f"its token is not for {site}")
        if site in token.used:
            raise PermissionError(f"the token was used for {site} on {token.used[site]}: a second machine, or the same one again")
        door = secrets.token_urlsafe(_TOKEN_BYTES)
        spent = replace(token, used={**token.used, site: now.isoformat(timespec="seconds")})
        machine = Installing(site=site, expires=(now + life).isoformat())
        _keep(replace(kept, tokens={**kept.tokens, hashed(secret): spent}, machines={**kept.machines, hashed(door): machine}))
    return door


def valid(secret: str, now: datetime) -> bool:
    """Return whether a token is known and has not expired."""
    token = read().tokens.get(hashed(secret))
    return token is not None and datetime.fromisoformat(token.expires) >= now


def installing(door: str, now: datetime) -> str | None:
    """Return the site whose machine may still report through this door."""
    found = read().machines.get(hashed(door))
    return found.site if found is not None and not found.reported and datetime.fromisoformat(found.expires) >= now else None


def close(door: str, now: datetime) -> None:
    """Note that a machine reported; its door opens no more."""
    with _alone():
        kept = read()
        found = replace(kept.machines[hashed(door)], reported=now.isoformat(timespec="seconds"))
        _keep(replace(kept, machines={**kept.machines, hashed(door): found}))


def refuse(machine: str, address: str, why: str, now: datetime) -> None:
    """Put a machine on the list of strangers, or count it once more."""
    moment = now.isoformat(timespec="seconds")
    with _alone():
        kept = read()
        before = next((one for one in kept.quarantine if one.machine == machine), None)
        first, count = (before.first, before.count + 1) if before else (moment, 1)
        entry = Quarantined(machine=machine, address=address, why=why, first=first, last=moment, count=count)
        others = [one for one in kept.quarantine if one.machine != machine]
        _keep(replace(kept, quarantine=(*others, entry)[-_QUARANTINE:]))


def forgive(machine: str | None) -> int:
    """Take a machine, or all of them with None, off the list; return how many went."""
    with _alone():
        kept = read()
        left = tuple(one for one in kept.quarantine if machine is not None and one.machine != machine)
        _keep(replace(kept, quarantine=left))
    return len(kept.quarantine) - len(left)
