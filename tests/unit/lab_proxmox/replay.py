"""Replay of recorded calls against our server, and the differences that show."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

import requests

from provisioner.lab.proxmox.calls import find
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.served import ROUTES
from tests.unit.lab_proxmox.lab_server import NODE, PASSWORD, TIMEOUT_SECONDS, Running

_UPID = re.compile(r"UPID:[^/\s\"]+:")
_PERL = re.compile(r" at /usr/share/\S+ line \d+\.?")
_BASE = "/api2/json"
_TASK_SECONDS = 20.0
_BEGIN_LOW, _END_LOW = 307, 345  # of calls.jsonl: by the token low@pve!mon, save the two that give it rights
_BY_ROOT = (338, 340)
_ROOT, _TICKET = "root", "ticket"

Json = object


@dataclass(slots=True)
class Replay:
    """One recording against one server: what differs, and the names that our server gave where Proxmox gave others."""

    lab: Running
    recording: str
    names: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, requests.Session] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    ticket: dict[str, str] = field(default_factory=dict)
    differences: set[str] = field(default_factory=set)
    not_served: set[str] = field(default_factory=set)
    replayed: int = 0

    def run(self, file: Path, first: int = 0, last: int | None = None) -> None:
        """Replay every call that we serve, and those that Proxmox itself does not, from line `first` to before `last`."""
        for number, line in enumerate(file.read_text().splitlines()[:last]):
            if number < first:
                continue
            call = json.loads(line)
            template = _template(call["method"], unquoted(call["path"]))
            if template is None and call["status"] != 501:
                self.not_served.add(f"{call['method']} {call['path'].partition('?')[0].removeprefix(_BASE)}")
                continue
            if not self._known(call):
                continue
            self.replayed += 1
            answer = self._send(number, call)
            where = f"{call['method']} {template or call['path'].removeprefix(_BASE)}"
            if not _still_running(call):
                self.differences.update(f"{where}: {what}" for what in _differences(call, answer))
            self._learn(call, answer)

    def _known(self, call: Mapping[str, Json]) -> bool:
        """Return whether the task that a call names was made here too."""
        return all(found in self.names for found in _UPID.findall(unquote(str(call["path"]))))

    def _session(self, number: int, call: Mapping[str, Json]) -> requests.Session:
        """Return the connection of a call's caller; each caller keeps one."""
        token = self._caller(number, call)
        if token not in self.sessions:
            self.sessions[token] = self.lab.session() if token == _ROOT else self.lab.session("" if token == _TICKET else token)
        if token == _TICKET:
            self.sessions[token].cookies.set("PVEAuthCookie", quote(self.ticket["ticket"]))
            self.sessions[token].headers["CSRFPreventionToken"] = self.ticket["csrf"]
        return self.sessions[token]

    def _caller(self, number: int, call: Mapping[str, Json]) -> str:
        kind = str(call["auth"])
        if kind == "none":
            return ""
        if call["status"] == 401:
            return "root@pam!trial=00000000-0000-0000-0000-000000000000"
        if kind == "ticket":
            return _TICKET
        if self.recording == "calls" and _BEGIN_LOW <= number <= _END_LOW and number not in _BY_ROOT:
            return f"low@pve!mon={self.secrets['low@pve!mon']}"
        return _ROOT

    def close(self) -> None:
        """Close the connections."""
        for session in self.sessions.values():
            session.close()

    def _send(self, number: int, call: Mapping[str, Json]) -> requests.Response:
        path = self._ours(unquote(str(call["path"])) if "UPID" in str(call["path"]) else str(call["path"]))
        url = self.lab.server.url + (path if "%" in path or "UPID" not in path else quote(path, safe="/@"))
        sent = _body(call, self._ours)
        if "/tasks/UPID" in path and not _still_running(call):
            self._wait(url, number, call)
        return self._session(number, call).request(
            str(call["method"]),
            url,
            data=sent.form,
            params=sent.query,
            json=sent.json,
            files=sent.files,
            headers=sent.headers,
            timeout=TIMEOUT_SECONDS,
        )

    def _wait(self, url: str, number: int, call: Mapping[str, Json]) -> None:
        deadline = time.monotonic() + _TASK_SECONDS
        session = self._session(number, call)
        while time.monotonic() < deadline:
            status = session.get(re.sub(r"/(status|log)(\?.*)?$", "", url) + "/status", timeout=TIMEOUT_SECONDS)
            if status.status_code != 200 or status.json()["data"]["status"] == "stopped":
                return
            time.sleep(0.02)

    def _ours(self, text: str) -> str:
        for theirs, ours in self.names.items():
            text = text.replace(theirs, ours)
        return text

    def _learn(self, call: Mapping[str, Json], answer: requests.Response) -> None:
        """Note our UPID, digest, secret and ticket in place of the recorded ones."""
        theirs, ours = _data(call.get("body")), _data(_json(answer))
        if isinstance(theirs, str) and theirs.startswith("UPID:") and isinstance(ours, str):
            self.names[theirs] = ours
            self._wait(f"{self.lab.server.url}{_BASE}/nodes/{NODE}/tasks/{quote(ours)}/status", -1, {"auth": "token ", "status": 200})
        if isinstance(theirs, dict) and isinstance(ours, dict):
            if "digest" in theirs and "digest" in ours:
                self.names[str(theirs["digest"])] = str(ours["digest"])
            if "full-tokenid" in ours:
                self.secrets[str(ours["full-tokenid"])] = str(ours["value"])
            if "ticket" in ours:
                self.ticket = {"ticket": str(ours["ticket"]), "csrf": str(ours["CSRFPreventionToken"])}


def unquoted(path: str) -> list[str]:
    """Return the segments of a recorded path."""
    return [unquote(part) for part in path.partition("?")[0].removeprefix(_BASE).split("/") if part]


def _template(method: str, segments: list[str]) -> str | None:
    try:
        return find(ROUTES, method, segments)[0].path or "/"
    except Failure:
        return None


def _still_running(call: Mapping[str, Json]) -> bool:
    data = _data(call.get("body"))
    polled = str(call["path"]).partition("?")[0].endswith(("/status", "/log")) and "/tasks/" in str(call["path"])
    return polled and (not isinstance(data, dict) or data.get("status") == "running") and not _ended(data)


def _ended(data: Json) -> bool:
    return isinstance(data, list) and any(isinstance(row, dict) and str(row.get("t", "")).startswith("TASK ") for row in data)


def _given(call: Mapping[str, Json], name: str, value: Json) -> Json:
    if value == "<redacted>" and "pass" in name:
        return {400: "x", 401: "wrong"}.get(int(str(call["status"])), PASSWORD)
    return "x" * 8200 if value == "<8192+ x>" else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a request carries."""

    form: dict[str, str] | str | None = None
    query: dict[str, str] | None = None
    json: Json = None
    files: list[tuple[str, tuple[str | None, bytes]]] | None = None
    headers: dict[str, str] = field(default_factory=dict)


def _body(call: Mapping[str, Json], ours: Callable[[str], str]) -> Sent:
    if isinstance(parts := call.get("multipart"), list):
        return Sent(files=list(_parts(parts)))
    headers = {"Content-Type": str(call["ctype_in"])} if "form" in call or "raw" in call else {}
    if "raw" in call:
        return Sent(form=str(call["raw"]), headers=headers)
    return Sent(form=_values(call, "form", ours), query=_values(call, "query", ours), json=call.get("json"), headers=headers)


def _values(call: Mapping[str, Json], kind: str, ours: Callable[[str], str]) -> dict[str, str] | None:
    given = call.get(kind)
    return {name: ours(str(_given(call, name, value))) for name, value in given.items()} if isinstance(given, dict) else None


def _parts(parts: list[dict[str, Json]]) -> Iterator[tuple[str, tuple[str | None, bytes]]]:
    for part in parts:
        head = str(part["head"])
        name = re.search(r' name="([^"]*)"', head)
        file = re.search(r'filename="([^"]*)"', head.partition("; ")[2].partition("; ")[2])
        assert name is not None
        content = str(part["text"]).encode() if "text" in part else b"\0" * int(str(part["bytes"]))
        yield name[1], (file[1] if file else None, content)


def _json(answer: requests.Response) -> Json:
    try:
        return answer.json()
    except ValueError:
        return None


def _data(body: Json) -> Json:
    return body.get("data") if isinstance(body, dict) else None


def _differences(call: Mapping[str, Json], answer: requests.Response) -> Iterator[str]:
    if answer.status_code != call["status"]:
        yield f"status {answer.status_code} ({plain(answer.reason)}), Proxmox {call['status']} ({plain(str(call['reason']))})"
        return
    if plain(answer.reason) != plain(str(call["reason"])):
        yield f"reason '{plain(answer.reason)}', Proxmox '{plain(str(call['reason']))}'"
    theirs, ours = call.get("body"), _json(answer)
    yield from _fields(_errors(theirs), _errors(ours))
    if call["status"] == 200:
        yield from shape("data", _data(theirs), _data(ours))


def plain(reason: str) -> str:
    """Return a reason without the place in Proxmox's sources that it may name."""
    return _PERL.sub("", reason).strip()


def _errors(body: Json) -> Mapping[str, Json]:
    errors = body.get("errors", {}) if isinstance(body, dict) else {}
    return errors if isinstance(errors, dict) else {}


def _fields(theirs: Mapping[str, Json], ours: Mapping[str, Json]) -> Iterator[str]:
    for name in sorted({*theirs, *ours}):
        if "<redacted>" in (theirs.get(name), ours.get(name)) and name in theirs and name in ours:
            continue  # the recorder replaced it, with all that is called password
        if plain(str(theirs.get(name))) != plain(str(ours.get(name))):
            yield f"errors.{name} {plain(str(ours.get(name)))!r}, Proxmox {plain(str(theirs.get(name)))!r}"


def _kind(value: Json) -> str:
    names = {"str": "string", "int": "number", "float": "number", "dict": "object", "list": "array", "NoneType": "null", "bool": "boolean"}
    return names[type(value).__name__]


def shape(place: str, theirs: Json, ours: Json) -> Iterator[str]:
    """Yield where two values differ in JSON type or key set; the rows of a list are taken together."""
    if _kind(theirs) != _kind(ours):
        yield f"{place} is {_kind(ours)}, Proxmox {_kind(theirs)}"
    elif isinstance(theirs, list) and isinstance(ours, list):
        if theirs and ours:
            mixed = _mixed(theirs) | _mixed(ours)
            yield from shape(f"{place}[]", _together(theirs, mixed), _together(ours, mixed))
    elif isinstance(theirs, dict) and isinstance(ours, dict):
        for name in sorted({*theirs, *ours}):
            if name not in ours:
                yield f"{place}.{name} is absent"
            elif name not in theirs:
                yield f"{place}.{name} is not in Proxmox's answer"
            else:
                yield from shape(f"{place}.{name}", theirs[name], ours[name])


def _mixed(rows: list[Json]) -> frozenset[str]:
    """Return the keys whose values have several types in one list."""
    kinds: dict[str, set[str]] = {}
    for row in rows:
        for name, value in row.items() if isinstance(row, dict) else ():
            kinds.setdefault(name, set()).add(_kind(value))
    return frozenset(name for name, found in kinds.items() if len(found) > 1)


def _together(rows: list[Json], mixed: frozenset[str]) -> Json:
    merged: dict[str, Json] = {}
    for row in rows:
        if not isinstance(row, dict):
            return row
        merged |= row
    return {name: None if name in mixed else value for name, value in merged.items()}
