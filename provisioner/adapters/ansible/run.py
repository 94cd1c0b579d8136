"""One run of ansible-playbook in a child: an explicit environment, an event per task, a result per guest."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from provisioner import command, places
from provisioner.errors import OutsideError, Problem, raise_all
from provisioner.places import SitePlaces

_TIMEOUT = timedelta(minutes=20)
_QUICK = command.Run(timeout=timedelta(seconds=5))
_CALLBACKS = Path(__file__).resolve().parent / "callbacks"


class Outcome(StrEnum):
    """How a task ended on a guest."""

    OK = "ok"
    CHANGED = "changed"
    SKIPPED = "skipped"
    IGNORED = "ignored"
    FAILED = "failed"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A task that ended on a guest."""

    guest: str
    role: str
    task: str
    outcome: Outcome
    message: str = ""  # of a failure


@dataclass(frozen=True, slots=True, kw_only=True)
class HostResult:
    """The tasks of one guest, counted. A guest that failed is data, not an exception."""

    guest: str
    ok: int = 0  # changed ones included
    changed: int = 0
    failed: int = 0
    unreachable: int = 0
    problem: str = ""  # the first failure: role, task, message

    @property
    def converged(self) -> bool:
        """Return whether the guest is what the roles describe."""
        return self.ok > 0 and not self.failed and not self.unreachable


def converge(
    at: SitePlaces, inventory: Mapping[str, object], guests: Sequence[str], on_event: Callable[[Event], None]
) -> tuple[HostResult, ...]:
    """Converge the guests, side by side, and return a result for each, in the order given.

    Raises OutsideError if Ansible itself could not work; ends the child on any exception of `on_event`.
    """
    at.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = _write_inventory(at, inventory)
    log = at.logs / "converge.log"
    heard = _Heard(on_event)
    argv: list[str | Path] = [_playbook(), "--inventory", written, "--limit", ",".join(guests), places.CHECKOUT / "playbooks" / "site.yml"]
    with log.open("a") as handle, _sockets() as folder:
        how = command.Run(env=_environment(folder, at), timeout=_TIMEOUT, cwd=places.CHECKOUT)
        status = command.lines(argv, lambda line: heard.hear(line, handle.write), how)
    if not heard.totals:
        what = "\n".join((f"ended with status {status}", *heard.other[-15:]))
        raise OutsideError(Problem(where="ansible-playbook", what=what, hint=f"the whole output is in {log}"))
    return tuple(heard.result(guest) for guest in guests)


def raise_unconverged(site: str, results: Sequence[HostResult]) -> None:
    """Raise OutsideError with every guest that did not converge."""
    raise_all(
        OutsideError,
        (
            Problem(where=f"{site}/{one.guest}", what=one.problem or "did not converge", hint=f"converge again: teranga converge {site}")
            for one in results
            if not one.converged
        ),
    )


class _Heard:
    """Sorts the lines of a run: events, totals, and the rest."""

    def __init__(self, on_event: Callable[[Event], None]) -> None:
        self._on_event = on_event
        self.totals: dict[str, Mapping[str, int]] = {}
        self.problems: dict[str, str] = {}
        self.other: list[str] = []

    def hear(self, line: str, log: Callable[[str], object]) -> None:
        """Take one line of the child's output."""
        log(line + "\n")
        if not line.startswith('{"event": '):
            self.other.append(line)
            return
        fields = json.loads(line)
        if fields["event"] == "host":
            self.totals[fields["host"]] = {key: value for key, value in fields.items() if isinstance(value, int)}
            return
        event = Event(
            guest=fields["host"], role=fields["role"], task=fields["task"], outcome=Outcome(fields["outcome"]), message=fields["message"]
        )
        if event.outcome in (Outcome.FAILED, Outcome.UNREACHABLE):
            self.problems.setdefault(event.guest, f"{event.role}: {event.task}: {event.message}")
        self._on_event(event)

    def result(self, guest: str) -> HostResult:
        """Return what became of a guest."""
        total = self.totals.get(guest, {})
        return HostResult(
            guest=guest,
            ok=total.get("ok", 0),
            changed=total.get("changed", 0),
            failed=total.get("failures", 0),
            unreachable=total.get("unreachable", 0),
            problem=self.problems.get(guest, ""),
        )


def _playbook() -> Path:
    """Return ansible-playbook of the environment that runs us."""
    return Path(sys.executable).parent / "ansible-playbook"


def _write_inventory(at: SitePlaces, inventory: Mapping[str, object]) -> Path:
    file = at.root / "ansible" / "inventory.json"
    places.write(file, json.dumps(inventory, indent=1, ensure_ascii=False, sort_keys=True))
    return file


def _environment(sockets: Path, at: SitePlaces) -> Mapping[str, str]:
    return command.environment(
        ANSIBLE_CONFIG=str(places.CHECKOUT / "playbooks" / "ansible.cfg"),
        ANSIBLE_HOME=str(at.root / "ansible"),
        ANSIBLE_ROLES_PATH=str(places.CHECKOUT / "roles"),
        ANSIBLE_CALLBACK_PLUGINS=str(_CALLBACKS),
        ANSIBLE_SSH_CONTROL_PATH_DIR=str(sockets),
    )


@contextmanager
def _sockets() -> Iterator[Path]:
    """Lend a folder for ssh's control sockets (their paths have at most 108 bytes, unix(7)) and end the masters after it."""
    with tempfile.TemporaryDirectory(prefix="tc-") as name:
        folder = Path(name)
        try:
            yield folder
        finally:
            for socket in folder.iterdir():
                command.attempt(["ssh", "-F", "/dev/null", "-o", f"ControlPath={socket}", "-O", "exit", "any"], _QUICK)
