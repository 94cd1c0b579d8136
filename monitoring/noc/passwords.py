"""The password file: `name:scrypt$N$r$p$salt$hash` a line, for its owner only. `python -m monitoring.noc.passwords FILE NAME`."""

from __future__ import annotations

import base64
import getpass
import hashlib
import hmac
import os
import secrets
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from monitoring.problems import Problem, ProblemsError

_N, _R, _P = 2**14, 8, 1  # RFC 7914, section 2: 16 MB, tens of milliseconds
_SALT_BYTES = 16
_SHORTEST = 12  # characters of a password
_FIELDS = 6
_LARGEST_N = 2**17  # what a line may ask of us: 128 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashed:
    """A password's hash and how it was made."""

    n: int
    r: int
    p: int
    salt: bytes
    digest: bytes

    def matches(self, password: str) -> bool:
        """Tell whether this is the password, in a time that does not depend on it."""
        return hmac.compare_digest(_scrypt(password, self.salt, (self.n, self.r, self.p)), self.digest)

    def __str__(self) -> str:
        """Return the field of the file."""
        salt, digest = (base64.b64encode(one).decode() for one in (self.salt, self.digest))
        return f"scrypt${self.n}${self.r}${self.p}${salt}${digest}"


def hashed(password: str) -> Hashed:
    """Hash a new password."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return Hashed(n=_N, r=_R, p=_P, salt=salt, digest=_scrypt(password, salt, (_N, _R, _P)))


def read(path: Path) -> Mapping[str, Hashed]:
    """Read the file; every line that is wrong is a problem, and so is a file that others can read."""
    problems = []
    found = {}
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        problems.append(Problem(where=str(path), what="others can read the password file", hint=f"chmod 600 {path}"))
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, field = line.partition(":")
        one = _parse(field)
        if one is None or not name or name in found:
            what = "this name stands twice" if name in found else "not name:scrypt$N$r$p$salt$hash"
            problems.append(Problem(where=f"{path}:{number}", what=what, hint="python -m monitoring.noc.passwords FILE NAME writes a line"))
        else:
            found[name] = one
    if problems:
        raise ProblemsError(problems)
    return found


def write(path: Path, name: str, password: str) -> None:
    """Put one name's password into the file, in place of an older one."""
    if not name or not name.isprintable() or ":" in name:
        raise ProblemsError([Problem(where=repr(name), what="not a name", hint="printable characters without a colon")])
    if len(password) < _SHORTEST:
        raise ProblemsError([Problem(where=name, what=f"a password of {len(password)} characters", hint=f"at least {_SHORTEST}")])
    known = dict(read(path)) if path.exists() else {}
    known[name] = hashed(password)
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{one}:{field}\n" for one, field in sorted(known.items()))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _scrypt(password: str, salt: bytes, cost: tuple[int, int, int]) -> bytes:
    n, r, p = cost
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=2 * 128 * n * r)


def _parse(field: str) -> Hashed | None:
    parts = field.strip().split("$")
    if len(parts) != _FIELDS or parts[0] != "scrypt":
        return None
    try:
        n, r, p = (int(part) for part in parts[1:4])
        salt, digest = (base64.b64decode(part, validate=True) for part in parts[4:])
    except ValueError:
        return None
    fits = 1 < n <= _LARGEST_N and n & (n - 1) == 0 and 1 <= r <= _R and p == _P and salt and digest
    return Hashed(n=n, r=r, p=p, salt=salt, digest=digest) if fits else None


def main() -> int:
    """Ask for a password, or read it from the standard input, and write it."""
    if len(sys.argv) != 3:  # noqa: PLR2004, the program and its two arguments
        sys.stderr.write("usage: python -m monitoring.noc.passwords FILE NAME (the password comes from the terminal or standard input)\n")
        return 2
    password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    try:
        write(Path(sys.argv[1]), sys.argv[2], password)
    except ProblemsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
