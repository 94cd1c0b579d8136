"""Commands inside a site's guests, by SSH with control's key and the pinned host keys; nothing of the user's own settings."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from provisioner import command, places
from provisioner.centre.desired import endpoint
from provisioner.errors import OutsideError, Problem
from provisioner.plan.plan import Guest, Plan
from provisioner.plan.reach import control_address

_USER = "teranga"
_USUAL = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """The way into the guests of one site. `proxy` is the endpoint's `ssh_proxy`."""

    plan: Plan
    proxy: tuple[str, ...]

    def _argv(self, guest: Guest, text: str) -> Sequence[str]:
        kept = places.site(self.plan.site)
        settings = {
            "BatchMode": "yes",
            "ConnectTimeout": "10",
            "GlobalKnownHostsFile": "/dev/null",
            "IdentitiesOnly": "yes",
            "IdentityFile": str(kept.ssh_key),
            "LogLevel": "ERROR",
            "ServerAliveInterval": "15",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": str(kept.known_hosts),
        }
        if self.proxy:
            settings["ProxyCommand"] = shlex.join(self.proxy)
        options = (word for name, value in settings.items() for word in ("-o", f"{name}={value}"))
        return ("ssh", "-F", "/dev/null", *options, f"{_USER}@{control_address(self.plan, guest)}", text)

    def attempt(self, guest: Guest, text: str, stdin: str | None = None, timeout: timedelta = _USUAL) -> command.Completed:
        """Run a command of ours in a guest and return what it left, whatever its exit status."""
        return command.attempt(self._argv(guest, text), command.Run(stdin=stdin, timeout=timeout))

    def run(self, guest: Guest, text: str, stdin: str | None = None, timeout: timedelta = _USUAL) -> str:
        """Run a command of ours in a guest and return what it wrote; raise OutsideError with its last lines if it failed."""
        done = self.attempt(guest, text, stdin, timeout)
        if done.status != 0:
            raise self._failure(guest, text, done.status, done.stderr or done.stdout)
        return done.stdout

    def save(self, guest: Guest, text: str, stdin: str, file: Path, timeout: timedelta) -> str:
        """Run a command whose output, bytes of any length, goes into `file`; return what it wrote as errors."""
        with file.open("w") as sink:
            file.chmod(0o600)
            return self._stream(guest, text, (stdin.encode(), sink.fileno()), timeout)

    def load(self, guest: Guest, text: str, file: Path, timeout: timedelta) -> str:
        """Run a command that reads `file`; return what it wrote as errors."""
        with file.open("rb") as source:
            return self._stream(guest, text, (source.fileno(), command.DEVNULL), timeout)

    def _stream(self, guest: Guest, text: str, ends: tuple[bytes | int, int], timeout: timedelta) -> str:
        status, said = command.stream(self._argv(guest, text), *ends, command.Run(timeout=timeout))
        if status != 0:
            raise self._failure(guest, text, status, said)
        return said

    def _failure(self, guest: Guest, text: str, status: int, said: str) -> OutsideError:
        tail = "\n".join(said.strip().splitlines()[-8:]) or "nothing was said"
        hint = "does it answer? `teranga drift` looks" if status == 255 else ""  # noqa: PLR2004  ssh(1): its own failures
        return OutsideError(
            Problem(where=f"{self.plan.site}/{guest.name}", what=f"`{' '.join(text.split()[:4])}` ended with {status}: {tail}", hint=hint)
        )


def of(plan: Plan) -> Inside:
    """Return the way into the guests of an adopted site."""
    return Inside(plan=plan, proxy=endpoint(plan.site).ssh_proxy)
