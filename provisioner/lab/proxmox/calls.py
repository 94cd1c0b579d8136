"""What a call is, and how a module declares the calls it serves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from provisioner.lab.guests.driver import Driver, Switch
from provisioner.lab.proxmox.access import EVERYONE, Allow, Identity, Rights
from provisioner.lab.proxmox.console import Channel, Consoles
from provisioner.lab.proxmox.enforcement import Enforcement
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.parameters import IN_PATH, Parameter
from provisioner.lab.proxmox.store import Store
from provisioner.lab.proxmox.tasks import Log, Tasks, Work
from provisioner.lab.proxmox.values import Beside, Document, Json, Value, digest


class GuestLocks:
    """One lock per guest: its calls and tasks happen one after the other."""

    def __init__(self) -> None:
        """Begin without any."""
        self._guard = threading.Lock()
        self._locks: dict[int, threading.RLock] = {}

    @contextmanager
    def hold(self, vmid: int) -> Iterator[None]:
        """Hold the lock of a guest."""
        with self._guard:
            lock = self._locks.setdefault(vmid, threading.RLock())
        with lock:
            yield


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """What the calls work on."""

    root: Path
    store: Store
    tasks: Tasks
    driver: Driver
    switch: Switch
    enforcement: Enforcement
    guests: GuestLocks = field(default_factory=GuestLocks)
    consoles: Consoles = field(default_factory=Consoles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file part of a multipart body, already on disk."""

    filename: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: who calls, with which checked parameters (those of the path included)."""

    lab: Lab
    who: Identity
    rights: Rights
    parameters: Mapping[str, Value]
    upload: Upload | None = None

    def has(self, name: str) -> bool:
        """Return whether the parameter was given."""
        return name in self.parameters

    def text(self, name: str, default: str = "") -> str:
        """Return a parameter as text."""
        return str(self.parameters.get(name, default))

    def integer(self, name: str, default: int = 0) -> int:
        """Return an integer parameter."""
        return int(self.parameters.get(name, default))

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a boolean parameter."""
        return bool(self.parameters.get(name, default))

    @property
    def node(self) -> str:
        """Return the node in the path."""
        return self.text("node")

    @property
    def vmid(self) -> int:
        """Return the VMID in the path or among the parameters."""
        return self.integer("vmid")

    def allowed(self, path: str, privilege: str) -> bool:
        """Return whether the caller has a privilege on a path."""
        return privilege in self.rights.held(path)

    def allowed_any(self, path: str, *privileges: str) -> bool:
        """Return whether the caller has one of the privileges on a path."""
        return not self.rights.held(path).isdisjoint(privileges)

    def require(self, path: str, *privileges: str) -> None:
        """Raise the 403 unless the caller has all the privileges on a path."""
        if not self.rights.held(path).issuperset(privileges):
            raise Failure.denied(path, ", ".join(privileges))

    def require_any(self, path: str, *privileges: str) -> None:
        """Raise the 403 unless the caller has one of the privileges on a path."""
        if not self.allowed_any(path, *privileges):
            raise Failure.denied(path, "|".join(privileges))

    def task(self, kind: str, id_: str, work: Work) -> str:
        """Run work as a task of the call's node; return its UPID."""

        def whole(log: Log) -> None:
            try:
                work(log)
            finally:
                self.lab.enforcement.changed()

        return self.lab.tasks.run(self.node, self.who, kind, id_, whole)


def check_digest(call: Call, document: Json) -> None:
    """Raise Proxmox's refusal if the caller saw another state of the document."""
    given = call.text("digest")
    if given and given != digest(document):
        raise Failure.of("checksum mismatch (file change by other user?)")


Handler: TypeAlias = "Callable[[Call], Json | Beside | Channel]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One served call."""

    method: str
    path: str
    segments: tuple[str, ...]
    parameters: Mapping[str, Parameter]  # those of the path included
    allow: Allow
    handler: Handler
    proxied: bool  # belongs to a node: an unknown node is an error

    def match(self, segments: Sequence[str]) -> dict[str, str] | None:
        """Return the parameters in a path, or None if it is another path."""
        if self.segments[-1:] == ("{volume}",) and len(segments) > len(self.segments):  # the only one that may hold slashes
            last = len(self.segments) - 1
            segments = [*segments[:last], "/".join(segments[last:])]
        if len(segments) != len(self.segments):
            return None
        found: dict[str, str] = {}
        for template, given in zip(self.segments, segments, strict=True):
            if template.startswith("{"):
                found[template[1:-1]] = given
            elif template != given:
                return None
        return found


class Calls:
    """The calls that one module serves."""

    def __init__(self) -> None:
        """Begin without any."""
        self.routes: list[Route] = []

    def _add(self, method: str, path: str, allow: Allow, parameters: Mapping[str, Parameter] | None) -> Callable[[Handler], Handler]:
        segments = tuple(part for part in path.split("/") if part)
        inside = [part[1:-1] for part in segments if part.startswith("{")]
        typed = {name: (parameters or {}).get(name, IN_PATH.get(name, Parameter())) for name in inside} | dict(parameters or {})

        def keep(handler: Handler) -> Handler:
            self.routes.append(
                Route(
                    method=method,
                    path=path,
                    segments=segments,
                    parameters=typed,
                    allow=allow,
                    handler=handler,
                    proxied=segments[:1] == ("nodes",) and len(inside) > 0,
                )
            )
            return handler

        return keep

    def get(self, path: str, *, allow: Allow = EVERYONE, parameters: Mapping[str, Parameter] | None = None) -> Callable[[Handler], Handler]:
        """Declare a GET."""
        return self._add("GET", path, allow, parameters)

    def post(self, path: str, *, allow: Allow, parameters: Mapping[str, Parameter] | None = None) -> Callable[[Handler], Handler]:
        """Declare a POST."""
        return self._add("POST", path, allow, parameters)

    def put(self, path: str, *, allow: Allow, parameters: Mapping[str, Parameter] | None = None) -> Callable[[Handler], Handler]:
        """Declare a PUT."""
        return self._add("PUT", path, allow, parameters)

    def delete(self, path: str, *, allow: Allow, parameters: Mapping[str, Parameter] | None = None) -> Callable[[Handler], Handler]:
        """Declare a DELETE."""
        return self._add("DELETE", path, allow, parameters)

    def index(self, path: str, key: str, names: Sequence[str], *, allow: Allow = EVERYONE) -> None:
        """Declare a directory: `[{key: name}, ...]`."""
        rows: list[Document] = [{key: name} for name in names]

        def answer(_: Call) -> Json:
            return rows

        self.get(path, allow=allow)(answer)


def find(routes: Sequence[Route], method: str, segments: Sequence[str]) -> tuple[Route, dict[str, str]]:
    """Return the route of a path and the parameters in it, literal segments before templates; raise the 501 of an unknown one."""
    best: tuple[Route, dict[str, str]] | None = None
    for route in routes:
        if route.method == method and (found := route.match(segments)) is not None and (best is None or len(found) < len(best[1])):
            best = route, found
    if best is None:
        raise Failure.unknown(method, "/" + "/".join(segments))
    return best
