"""Signatures by OpenSSH keys (SSHSIG, as `ssh-keygen -Y` makes and checks them): the operator's own key, agent or security token."""

from __future__ import annotations

import base64
import os
import tempfile
from pathlib import Path

from provisioner import command
from provisioner.errors import FindingError, OutsideError, Problem, UsageError

NAMESPACE = "teranga-bundle"
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_COLUMNS = 70  # as ssh-keygen writes them
_KINDS = ("ssh-ed25519", "sk-ssh-ed25519@openssh.com")
_SIGNER = "operator"


def _environment() -> dict[str, str]:
    agent = os.environ.get("SSH_AUTH_SOCK")
    return command.environment(**({"SSH_AUTH_SOCK": agent} if agent else {}))


def sign(statement: str, key: Path) -> str:
    """Return the signature of a text; `key` is a private key, or a public one whose private key an agent holds."""
    if not key.exists():
        raise UsageError(Problem(where=str(key), what="there is no such key", hint="ssh-keygen -t ed25519 -f operator"))
    argv = ("ssh-keygen", "-q", "-Y", "sign", "-n", NAMESPACE, "-f", key)
    done = command.attempt(argv, command.Run(stdin=statement, env=_environment()))
    if done.status != 0 or _BEGIN not in done.stdout:
        raise OutsideError(
            Problem(where=str(key), what=f"it does not sign: {done.stderr.strip()}", hint="a key with a passphrase signs through ssh-agent")
        )
    return canonical(done.stdout)


def canonical(armour: str) -> str:
    """Return the one way to write a signature; raise ValueError if it is none."""
    lines = armour.strip().splitlines()
    if len(lines) < 3 or lines[0] != _BEGIN or lines[-1] != _END:  # noqa: PLR2004  begin, something, end
        raise ValueError("it holds no signature")
    text = base64.b64encode(base64.b64decode("".join(lines[1:-1]), validate=True)).decode()
    return "\n".join([_BEGIN, *(text[at : at + _COLUMNS] for at in range(0, len(text), _COLUMNS)), _END]) + "\n"


def pinned(file: Path) -> str:
    """Return the public key in a file, without its comment; raise UsageError unless it is Ed25519."""
    try:
        words = file.read_text().split()
    except OSError as error:
        hint = "give the operator's public key with --trust, got from him by another way than the bundle"
        raise UsageError(Problem(where=str(file), what=f"the pinned key cannot be read: {error.strerror}", hint=hint)) from error
    if len(words) < 2 or words[0] not in _KINDS:  # noqa: PLR2004  kind and key
        raise UsageError(
            Problem(where=str(file), what="it is not an Ed25519 public key", hint="the .pub file, one line: ssh-ed25519 AAAA...")
        )
    return " ".join(words[:2])


def check(statement: str, armour: str, public_key: str, where: str) -> None:
    """Raise FindingError unless the signature is the pinned key's over exactly this text."""
    with tempfile.TemporaryDirectory(prefix="teranga-") as folder:
        allowed, signature = Path(folder, "allowed"), Path(folder, "signature")
        allowed.write_text(f'{_SIGNER} namespaces="{NAMESPACE}" {public_key}\n')
        signature.write_text(armour)
        argv = ("ssh-keygen", "-q", "-Y", "verify", "-f", allowed, "-I", _SIGNER, "-n", NAMESPACE, "-s", signature)
        done = command.attempt(argv, command.Run(stdin=statement))
    if done.status != 0:
        raise FindingError(
            Problem(where=where, what="the pinned key did not sign these bytes", hint="get the bundle again; nothing of it was used")
        )
