"""Secrets of devices by name: read from a file that others cannot read, never in the topology, never in a log."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from monitoring.problems import Problem, ProblemsError
from monitoring.reading import Fields, parse_file

_SNMP_PORT = 161
_SSH_PORT = 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Community:
    """SNMPv2c: only inside the VPN."""

    community: str = field(repr=False)
    port: int = _SNMP_PORT


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSecrets:
    """SNMPv3 with SHA-256 and AES-128 (RFC 7860, RFC 3826)."""

    user: str
    auth: str = field(repr=False)
    priv: str = field(repr=False)
    port: int = _SNMP_PORT


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A device's command line, by SSH; `host_keys` is the file of known keys, since nothing is trusted on first use."""

    user: str
    password: str = field(repr=False)
    host_keys: Path
    port: int = _SSH_PORT


Credential = Community | UserSecrets | Login


def credentials(file: Path) -> Mapping[str, Credential]:
    """Return the credentials of a JSON file, by name. Raises ProblemsError; others must not be able to read the file."""
    try:
        mode = file.stat().st_mode
    except OSError as error:
        raise ProblemsError([Problem(where=str(file), what=f"cannot be read: {error.strerror}")]) from error
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        raise ProblemsError([Problem(where=str(file), what="holds secrets and everybody can read it", hint=f"chmod 0640 {file}")])
    raw = parse_file(file)
    problems: list[Problem] = []
    fields = Fields(raw, file.name, problems)
    names = sorted(raw) if isinstance(raw, dict) else []
    found = {str(name): _credential(fields.inner(str(name))) for name in names}
    if problems:
        raise ProblemsError(problems)
    return found


def _credential(fields: Fields) -> Credential:
    match fields.text("kind"):
        case "snmp-2c":
            made: Credential = Community(community=fields.text("community"), port=_port(fields, _SNMP_PORT))
        case "snmp-3":
            made = UserSecrets(user=fields.text("user"), auth=fields.text("auth"), priv=fields.text("priv"), port=_port(fields, _SNMP_PORT))
        case "cli":
            keys = Path(fields.text("host_keys"))
            made = Login(user=fields.text("user"), password=fields.text("password"), host_keys=keys, port=_port(fields, _SSH_PORT))
        case other:
            fields.problem("kind", f"{other} is not known", "one of snmp-2c, snmp-3, cli")
            return Login(user="", password="", host_keys=Path())
    fields.done()
    return made


def _port(fields: Fields, usual: int) -> int:
    found = fields.number_or_none("port")
    return usual if found is None else int(found)
