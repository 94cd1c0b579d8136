"""A service as its users meet it: over TLS by its name, a record written from one terminal and read back from another."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from urllib.parse import urlencode

from provisioner.centre.verify.ports import Answer, Place, Session
from provisioner.centre.verify.world import World, finding, passed, told, untested
from provisioner.observed.acceptance import Reason, Result
from provisioner.plan.plan import Check, Service

_PATIENCE = 30.0
_SECONDS = 5.0
_OK = range(200, 300)
_RECORDS = "/api/fiches"
_MARK = "recette-teranga"  # so that the operator recognises, and may delete, what an acceptance run wrote


def terminals(world: World, zone: str) -> tuple[str, ...]:
    """Return the devices of a zone that hold a lease of this run, in the order of their names."""
    return tuple(name for name in sorted(world.leases) if name.startswith(f"{zone}/"))


def record(of: Service, nonce: str) -> Mapping[str, str]:
    """Return a record that fills every field; the first text field carries the nonce."""
    fields = {name: "2026-01-31" if name.startswith("date") else _MARK for name in of.record_fields}
    first = next((name for name in of.record_fields if not name.startswith("date")), of.record_fields[0])
    return fields | {first: f"{_MARK}-{nonce}"}


def service(of: Service, check: Check, world: World) -> Result:
    """Use a service from two leased terminals; one terminal does both parts where there is only one."""
    leased = terminals(world, check.vantage)
    places = [_place(name) for name in leased[:2]] or _clients(world, check.vantage)
    sessions = [world.vantages.session(place) for place in places]
    ready = [session for session in sessions if session is not None]
    if not ready:
        return untested(check, Reason.NO_VANTAGE, f"{check.vantage}: no leased terminal")
    writer, reader = ready[0], ready[-1]
    nonce = secrets.token_hex(6)
    reason = Reason.READ_BACK if of.record_fields else Reason.ANSWERED
    return _steps(of, check, world, (writer, reader), nonce) or passed(check, reason, f"{check.expected} {', '.join(leased[:2])}")


def _place(name: str) -> Place:
    zone, _, device = name.partition("/")
    return Place(zone, device)


def _clients(world: World, zone: str) -> list[Place]:
    """Return the static clients of a zone whose devices lease nothing, such as `management`; none where devices should."""
    dhcp = any(found.name == zone and found.dhcp for found in world.plan.zones)
    return [] if dhcp else [Place(zone), Place(zone, "", 1)]


def _steps(of: Service, check: Check, world: World, ends: tuple[Session, Session], nonce: str) -> Result | None:
    """Return the first finding, or None."""
    writer, reader = ends
    health = _call(of, world, check.vantage, writer, "GET", of.health)
    if wrong := _wrong(check, health, of.health) or _wrong_answer(of, check, world, reader):
        return wrong
    if not of.record_fields:  # it stores no records
        return None
    written = _call(of, world, check.vantage, writer, "POST", _RECORDS, json.dumps(record(of, nonce)))
    if wrong := _wrong(check, written, f"POST {_RECORDS}"):
        return wrong
    found = _call(of, world, check.vantage, reader, "GET", f"{_RECORDS}?{urlencode({'q': nonce})}")
    if wrong := _wrong(check, found, f"GET {_RECORDS}"):
        return wrong
    if f"{_MARK}-{nonce}" not in str(found["body"]):
        return finding(check, Reason.NOT_READ_BACK, f"{of.hostname} {_RECORDS}?q={nonce}")
    return None


def _wrong_answer(of: Service, check: Check, world: World, session: Session) -> Result | None:
    """Return the first of a service's own answers that is not what the plan says."""
    for wanted in of.answers:
        answer = _call(of, world, check.vantage, session, "GET", wanted.path)
        if wrong := _wrong(check, answer, wanted.path):
            return wrong
        if wanted.contains not in str(answer["body"]):
            return finding(check, Reason.WRONG_ANSWER, f"{wanted.path}: {wanted.contains} is not in {str(answer['body'])[:200]}")
    return None


def _call(of: Service, world: World, zone: str, session: Session, method: str, path: str, body: str = "") -> Answer:  # noqa: PLR0913, PLR0917  the parts of one request
    gateway = next(found.gateway for found in world.plan.zones if found.name == zone)
    return session.ask(
        "https", server=str(gateway), hostname=of.hostname, port=of.port, ca=world.ca, method=method, path=path, body=body, timeout=_SECONDS
    ).result(_PATIENCE)


def _wrong(check: Check, answer: Answer, what: str) -> Result | None:
    if answer["outcome"] == "untrusted":
        return finding(check, Reason.UNTRUSTED, str(answer["detail"]))
    if answer["outcome"] != "answered":
        return finding(check, Reason.WRONG_ANSWER, f"{what}: {told(answer)}")
    if int(str(answer["status"])) not in _OK:
        return finding(check, Reason.WRONG_ANSWER, f"{what}: {answer['status']} {str(answer['body'])[:120]}")
    return None
