"""The parent's side of the engine: prepares a site's stack, runs the child, hands its events over."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from provisioner import command, places
from provisioner.adapters.pulumi.events import Event, Kind, from_line
from provisioner.errors import OutsideError, Problem
from provisioner.observed.endpoint import Endpoint

_LOCKED = 4
_LONGEST_RUN = timedelta(hours=2)
_SHOWN_ERRORS = 12
_SUMMARY = "update failed"  # the engine's last word after the causes
_ECHO = "sdk-v2/"  # where in the plugin's source a cause came from, and the cause once more
_HINTS = {
    "no space left on device": "make room on this machine's disk, then run again: it goes on where this one was",
    "Permission check failed": "run `teranga node adopt {site}`: it gives the site's token what it needs",
    "authentication failure": "run `teranga node adopt {site}`: the node does not know the site's token",
    "Authentication failed!": "run `teranga node adopt {site}`: the node does not know the site's token",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Where the Pulumi engine is: `root`/bin/pulumi, and the plugin's folder to link into each PULUMI_HOME."""

    root: Path
    plugin: Path


class StackLockedError(OutsideError):
    """The stack's state is locked by another run, or by one that died."""


def environment(site: str, endpoint: Endpoint, engine: Engine) -> dict[str, str]:
    """Return the whole environment of a run of the engine on a site. Holds the token: never log it."""
    kept = places.site(site)
    kept_roots = {"TERANGA_STATE": str(places.state()), "TERANGA_CACHE": str(places.cache()), "TERANGA_INVENTORY": str(places.inventory())}
    return command.environment(
        **kept_roots,
        PATH=f"{engine.root / 'bin'}:{Path(sys.executable).parent}:{command.PATH}",
        PYTHONPATH=str(places.CHECKOUT),
        PULUMI_HOME=str(_home(site, engine)),
        PULUMI_BACKEND_URL=f"file://{_made(places.stacks())}",
        PULUMI_CONFIG_PASSPHRASE_FILE=str(_passphrase(kept)),
        PULUMI_SKIP_UPDATE_CHECK="true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION="true",
        PROXMOX_VE_ENDPOINT=endpoint.url,
        PROXMOX_VE_API_TOKEN=f"{endpoint.token_id}={Path(endpoint.token_file).read_text().strip()}",
        SSL_CERT_FILE=endpoint.ca_file,
        NO_PROXY="127.0.0.1,localhost,::1",
    )


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _passphrase(kept: places.SitePlaces) -> Path:
    file = kept.passphrase
    if not file.exists():
        _made(file.parent)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(32) + "\n")
    return file


def _home(site: str, engine: Engine) -> Path:
    """Return the site's own PULUMI_HOME with the plugin linked into it (a shared one is corrupted by parallel runs)."""
    home = places.site(site).root / "pulumi-home"
    folder = home / "plugins" / engine.plugin.name  # a real folder: the engine does not list a linked one
    if folder.is_symlink():
        folder.unlink()
    for program in engine.plugin.iterdir():
        link = _made(folder) / program.name
        if link.resolve() != program.resolve():
            link.unlink(missing_ok=True)
            link.symlink_to(program.resolve())
    return home


def work_dir(site: str) -> Path:
    """Return the folder where the stack's settings are kept."""
    return _made(places.site(site).root / "stack")


def run(site: str, operation: str, endpoint: Endpoint, engine: Engine, on_event: Callable[[Event], None]) -> Mapping[str, int]:
    """Run up, preview, refresh, destroy or cancel on a site's stack; return the changes by kind.

    Raises StackLockedError where the state is locked, OutsideError with the engine's own messages if it failed.
    """
    return _child(site, (operation, site, work_dir(site), engine.root), endpoint, engine, on_event)


def forget(site: str, guests: Iterable[str], endpoint: Endpoint, engine: Engine) -> None:
    """Take guests that are gone from the node, and their firewalls, out of the stack's state: the next run makes them anew."""
    _child(site, ("forget", site, work_dir(site), engine.root, *sorted(guests)), endpoint, engine, lambda _event: None)


def _child(
    site: str, words: Sequence[str | Path], endpoint: Endpoint, engine: Engine, on_event: Callable[[Event], None]
) -> Mapping[str, int]:
    argv = (sys.executable, "-m", "provisioner.adapters.pulumi.child", *words)
    seen: list[Event] = []
    noise: list[str] = []

    def take(line: str) -> None:
        event = from_line(line)
        if event is None:
            noise.append(line)
            return
        seen.append(event)
        on_event(event)

    how = command.Run(env=environment(site, endpoint, engine), timeout=_LONGEST_RUN, cwd=work_dir(site))
    status = command.lines(argv, take, how)
    if status == 0:
        return next((event.changes or {} for event in reversed(seen) if event.kind is Kind.RESULT), {})
    raise _failure(site, str(words[0]), status, seen, noise)


def _failure(site: str, operation: str, status: int, seen: list[Event], noise: list[str]) -> OutsideError:
    errors = [event for event in seen if event.kind is Kind.MESSAGE and event.severity == "error"]
    if status == _LOCKED:
        return StackLockedError(Problem(where=f"stack {site}", what=errors[-1].text, hint="another run may be at work"))
    texts = list(dict.fromkeys(event.text for event in errors)) or [event.text[-2000:] for event in seen if event.severity == "debug"]
    texts = texts or ["\n".join(noise[-_SHOWN_ERRORS:]) or f"the engine ended with status {status}"]
    causes = [text for text in texts if text != _SUMMARY and not text.startswith(_ECHO)] or texts
    return OutsideError(
        *(Problem(where=f"stack {site} ({operation})", what=text, hint=_hint(site, text)) for text in causes[:_SHOWN_ERRORS])
    )


def _hint(site: str, text: str) -> str:
    return next((hint.format(site=site) for part, hint in _HINTS.items() if part in text), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A resource whose creation was cut: the engine does not know whether it exists."""

    type: str  # proxmoxve:index/vmLegacy:VmLegacy
    name: str


def checkpoint(site: str) -> Mapping[str, object]:
    """Return the stack's last state as the backend holds it (secrets stay encrypted); empty if there is none."""
    file = places.stacks() / ".pulumi" / "stacks" / "teranga" / f"{site}.json"
    if not file.exists():
        return {}
    deployment = json.loads(file.read_text()).get("checkpoint", {}).get("latest") or {}
    return deployment if isinstance(deployment, dict) else {}


def pending(site: str) -> tuple[Pending, ...]:
    """Return the creations that a killed run left open."""
    operations = checkpoint(site).get("pending_operations") or []
    found = [one for one in operations if isinstance(one, dict) and one.get("type") == "creating"] if isinstance(operations, list) else []
    return tuple(Pending(type=str(one["resource"]["type"]), name=str(one["resource"]["urn"]).rsplit("::", 1)[-1]) for one in found)


def locks(site: str) -> tuple[Path, ...]:
    """Return the lock files of the site's stack; each names the process that made it."""
    return tuple(sorted((places.stacks() / ".pulumi" / "locks" / "organization" / "teranga" / site).glob("*.json")))
