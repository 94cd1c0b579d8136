"""The page as a WSGI application: what answers to which address. Its only write is a person taking an incident in hand."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIEnvironment

from monitoring import french
from monitoring.noc import exchange, page, query
from monitoring.noc.board import Board, Posted
from monitoring.noc.exchange import Answer, Request
from monitoring.noc.guard import Guard, Person, Refusal
from monitoring.noc.page import Visit
from monitoring.sla.availability import Month
from monitoring.sla.history import History

log = logging.getLogger(__name__)

_HEARTBEAT_SECONDS = 10.0
_MOST_STREAMS = 60  # browsers that are told; the others ask every 10 s
_SETTLE_SECONDS = 1.5
_LONGEST_NAME = 60
_HISTORY = timedelta(days=30)
_MOST_SPANS = 200
_SLUG = r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}"

Acknowledge = Callable[[str, str, float], None]  # incident, name, when; LookupError if there is no such open incident; durable on return
Report = Callable[[Month], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What the page reads, and the one thing it may do. `reports` make a month's report by the end of its address."""

    board: Board
    guard: Guard
    acknowledge: Acknowledge
    history: History | None = None
    reports: Mapping[str, tuple[str, Report]]  # suffix -> content type, maker
    clock: Callable[[], float] = time.time


class Application:
    """Answers requests; several threads may call it at once."""

    def __init__(self, sources: Sources) -> None:
        """Begin to answer from these sources."""
        self._sources = sources
        self._streams = threading.BoundedSemaphore(_MOST_STREAMS)
        self._routes: tuple[tuple[str, re.Pattern[str], Callable[[Request, Person, Posted, str], Answer]], ...] = (
            ("GET", re.compile("(/)"), self._page),
            ("GET", re.compile("(/fragment)"), self._fragment),
            ("GET", re.compile("(/evenements)"), self._events),
            ("GET", re.compile(f"/incident/({_SLUG})"), self._sheet),
            ("POST", re.compile(f"/incident/({_SLUG})/acquitter"), self._acknowledge),
            ("GET", re.compile(f"/site/({_SLUG})"), self._site),
            ("GET", re.compile(r"/sla/(\d{4}-\d{2}\.[a-z]{3,4})"), self._report),
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        request = exchange.read(environ)
        answer = self._answer(request)
        headers, body = exchange.headers_of(answer, request, page.content_security_policy())
        start_response(f"{answer.status.value} {answer.status.phrase}", headers)
        return body

    def _answer(self, request: Request) -> Answer:
        person = self._sources.guard.admit(request.caller)
        if isinstance(person, Refusal):
            return _refused(person)
        posted = self._sources.board.now
        if posted is None:
            return _message(
                HTTPStatus.SERVICE_UNAVAILABLE, "La supervision démarre", "Aucune mesure encore : rechargez dans quelques secondes."
            )
        allowed = []
        for method, pattern, route in self._routes:
            found = pattern.fullmatch(request.path)
            if found is not None and method in {request.method, "GET" if request.method == "HEAD" else request.method}:
                return route(request, person, posted, found.group(1))
            if found is not None:
                allowed.append(method)
        if allowed:
            answer = _message(HTTPStatus.METHOD_NOT_ALLOWED, "Méthode refusée", "Cette adresse ne se demande pas ainsi.")
            return Answer(status=answer.status, body=answer.body, headers=(("Allow", ", ".join(allowed)),))
        return _message(HTTPStatus.NOT_FOUND, "Introuvable", "Il n’y a rien à cette adresse.")

    def _visit(self, request: Request, person: Person) -> Visit:
        token = self._sources.guard.token(request.visit)
        return Visit(now=self._sources.clock(), query=query.parse(request.query), base=request.base, token=token, person=person.name)

    def _page(self, request: Request, person: Person, posted: Posted, _: str) -> Answer:
        return Answer(body=page.page(posted.view, self._visit(request, person)).encode())

    def _fragment(self, request: Request, person: Person, posted: Posted, _: str) -> Answer:
        return Answer(body=page.live(posted.view, self._visit(request, person)).encode())

    def _sheet(self, request: Request, person: Person, posted: Posted, name: str) -> Answer:
        one = posted.view.incident_by_id.get(name)
        if one is None:
            return _message(HTTPStatus.NOT_FOUND, "Incident inconnu", "Cet incident n’est ni en cours ni clos récemment.")
        return Answer(body=page.sheet(posted.view, one, self._visit(request, person)).encode())

    def _site(self, request: Request, person: Person, posted: Posted, name: str) -> Answer:
        one = posted.view.site_by_name.get(name)
        if one is None:
            return _message(HTTPStatus.NOT_FOUND, "Site inconnu", "Aucun site de ce nom n’est surveillé.")
        end = datetime.fromtimestamp(posted.view.at, UTC)
        spans = self._sources.history.spans(end - _HISTORY, end, name) if self._sources.history is not None else ()
        return Answer(body=page.site(posted.view, one, spans[: -_MOST_SPANS - 1 : -1], self._visit(request, person)).encode())

    def _report(self, _request: Request, _person: Person, posted: Posted, name: str) -> Answer:
        text, _, suffix = name.partition(".")
        found = self._sources.reports.get(suffix)
        try:
            month = Month.parse(text)
        except ValueError:
            found = None
        if found is None or month.start.timestamp() > posted.view.at:
            return _message(HTTPStatus.NOT_FOUND, "Rapport introuvable", "Ce mois n’est pas commencé, ou ce format n’existe pas.")
        kind, make = found
        disposition = () if suffix == "html" else (("Content-Disposition", f'attachment; filename="sla-{month}.{suffix}"'),)
        return Answer(content_type=kind, body=make(month), headers=disposition)

    def _acknowledge(self, request: Request, person: Person, posted: Posted, name: str) -> Answer:
        if not self._sources.guard.writes(request.caller, "" if request.fresh else request.visit, request.form.get("jeton", "")):
            return _refused(Refusal.FORGED)
        words = ("".join(one for one in word if one.isprintable()) for word in request.form.get("nom", "").split())
        who = " ".join(word for word in words if word)[:_LONGEST_NAME]
        if not who:
            return _message(HTTPStatus.BAD_REQUEST, "Il manque un nom", "Dites qui prend l’incident en charge.")
        one = posted.view.incident_by_id.get(name)
        taken = one.incident.acknowledged if one is not None else None
        if taken is not None:
            text = f"{taken.by} a pris cet incident en charge le {french.moment(taken.at)}."
            return _message(HTTPStatus.CONFLICT, "Déjà pris en charge", text)
        by = who if person.name in {"", who} else f"{who} ({person.name})"
        try:
            self._sources.acknowledge(name, by, self._sources.clock())
        except LookupError:
            return _message(HTTPStatus.NOT_FOUND, "Incident inconnu", "Cet incident n’est plus en cours.")
        log.info("incident %s taken in hand by %s", name, by)
        self._sources.board.wait(posted.beat, _SETTLE_SECONDS)  # so that the page that follows shows the name
        return Answer(status=HTTPStatus.SEE_OTHER, headers=(("Location", f"{request.base}/#i-{name}"),))

    def _events(self, request: Request, _person: Person, _posted: Posted, _: str) -> Answer:
        if request.method == "HEAD" or not self._streams.acquire(blocking=False):
            return _message(HTTPStatus.SERVICE_UNAVAILABLE, "Trop de pages en direct", "La page demande elle-même les nouvelles.")
        headers = (("X-Accel-Buffering", "no"),)
        return Answer(content_type="text/event-stream; charset=utf-8", parts=_Stream(self._sources.board, self._streams), headers=headers)


class _Stream:
    """The events of one browser (HTML, server-sent events): each posted view's counters, and a sign of life between."""

    def __init__(self, board: Board, places: threading.BoundedSemaphore) -> None:
        self._board = board
        self._places = places
        self._open = True

    def __iter__(self) -> Iterator[bytes]:
        yield b"retry: 3000\n\n"
        beat = 0
        while not self._board.closed:
            posted = self._board.wait(beat, _HEARTBEAT_SECONDS)
            if posted is None:
                yield b": la\n\n"
                continue
            beat = posted.beat
            told = {"serie": posted.serial, "heure": french.clock(posted.view.at), "iso": french.iso(posted.view.at)}
            yield f"event: vue\ndata: {json.dumps(told)}\n\n".encode()

    def close(self) -> None:
        """Give the place back; the server calls this however the request ended."""
        if self._open:
            self._open = False
            self._places.release()


def _message(status: HTTPStatus, title: str, text: str) -> Answer:
    return Answer(status=status, body=page.message(title, text).encode())


def _refused(why: Refusal) -> Answer:
    match why:
        case Refusal.NO_PASSWORD:
            answer = _message(HTTPStatus.UNAUTHORIZED, "Mot de passe", "Cette page demande un nom et un mot de passe.")
            challenge = (("WWW-Authenticate", 'Basic realm="NOC Teranga", charset="UTF-8"'),)
            return Answer(status=answer.status, body=answer.body, headers=challenge)
        case Refusal.ELSEWHERE:
            return _message(
                HTTPStatus.FORBIDDEN, "Refusé", "Sans fichier de mots de passe, cette page ne se montre que sur sa propre machine."
            )
        case Refusal.FORGED:
            return _message(HTTPStatus.FORBIDDEN, "Refusé", "Ce formulaire ne vient pas de cette page, ou elle a redémarré : rechargez-la.")
