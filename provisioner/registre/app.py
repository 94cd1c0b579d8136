"""The registry as a WSGI application (PEP 3333): a JSON interface, a page, a health probe."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from . import page
from .record import LONGEST, clean, problems
from .stored import Store, Stored, UnavailableError

log = logging.getLogger(__name__)

LARGEST_BODY = 32 * 1024  # bytes; nginx refuses above 64 KiB before
PAGE_SIZE = 50
_LARGEST_ID = 2**63 - 1  # PostgreSQL's bigint
_ONE = re.compile(r"/api/fiches/(\d{1,19})")
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_SECURITY = (
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)

Environ = Mapping[str, object]
StartResponse = Callable[[str, list[tuple[str, str]]], object]


@dataclass(frozen=True)
class Answer:
    """What goes back: status line, type, text and more headers."""

    status: str
    kind: str
    text: str
    headers: tuple[tuple[str, str], ...] = ()


class RefusedError(Exception):
    """A request that cannot be answered: a status line and a sentence in French."""

    def __init__(self, status: str, *sentences: str) -> None:
        """Keep the status and every sentence."""
        super().__init__(*sentences)
        self.status = status
        self.sentences = sentences


@dataclass(frozen=True)
class Registry:
    """The application. `fields` are what each record holds, the first one is required."""

    title: str
    fields: tuple[str, ...]
    store: Store
    health: str = "/sante"

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path = str(environ.get("PATH_INFO", "/"))
        answer = self._answer(environ, path)
        body = answer.text.encode()
        headers = [("Content-Type", f"{answer.kind}; charset=utf-8"), ("Content-Length", str(len(body))), *_SECURITY, *answer.headers]
        start_response(answer.status, headers)
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    def _answer(self, environ: Environ, path: str) -> Answer:
        wants_json = path.startswith("/api/") or path == self.health
        try:
            return self._route(environ, path)
        except RefusedError as refusal:
            if wants_json:
                return _json(refusal.status, {"erreurs": list(refusal.sentences)})
            return Answer(refusal.status, "text/html", page.failure(self.title, " ".join(refusal.sentences)))
        except UnavailableError as error:
            log.warning("database: %s", error)
            sentence = "La base de données ne répond pas ; réessayez dans un instant."
            if wants_json:
                return _json("503 Service Unavailable", {"etat": "indisponible", "erreurs": [sentence]})
            return Answer("503 Service Unavailable", "text/html", page.failure(self.title, sentence))

    def _route(self, environ: Environ, path: str) -> Answer:
        method = str(environ.get("REQUEST_METHOD", "GET"))
        reads: dict[str, Callable[[Environ], Answer]] = {self.health: self._sante, "/api/fiches": self._search, "/": self._page}
        writes: dict[str, Callable[[Environ], Answer]] = {"/api/fiches": self._create, "/": self._submit}
        if one := _ONE.fullmatch(path):
            return self._one(int(one[1])) if method in ("GET", "HEAD") else _refuse("405 Method Not Allowed", "Lecture seule.")
        chosen = writes.get(path) if method == "POST" else reads.get(path) if method in ("GET", "HEAD") else None
        if chosen is None:
            known = path in reads or path in writes
            return _refuse("405 Method Not Allowed", "Méthode refusée.") if known else _refuse("404 Not Found", "Page inconnue.")
        return chosen(environ)

    def _sante(self, _environ: Environ) -> Answer:
        self.store.check()
        return _json("200 OK", {"etat": "ok"})

    def _search(self, environ: Environ) -> Answer:
        found, more = self._found(environ)
        return _json("200 OK", {"fiches": [_shown(record) for record in found], "avant": more})

    def _found(self, environ: Environ) -> tuple[list[Stored], int | None]:
        query = _query(environ)
        words, before = query.get("q", "")[:LONGEST], query.get("avant", "")
        if before and not (before.isascii() and before.isdigit() and int(before) <= _LARGEST_ID):
            raise RefusedError("400 Bad Request", "avant : un numéro de fiche est attendu.")
        if "\0" in words:
            raise RefusedError("400 Bad Request", "q : caractère de commande refusé.")
        found = self.store.find(words, PAGE_SIZE + 1, int(before) if before else None)
        more = found[PAGE_SIZE - 1].id if len(found) > PAGE_SIZE else None
        return found[:PAGE_SIZE], more

    def _one(self, identity: int) -> Answer:
        record = self.store.get(identity) if identity <= _LARGEST_ID else None
        if record is None:
            return _refuse("404 Not Found", "Fiche inconnue.")
        return _json("200 OK", _shown(record))

    def _create(self, environ: Environ) -> Answer:
        if _kind(environ) != _JSON:  # a form of a foreign page cannot send this type
            return _refuse("415 Unsupported Media Type", "Du JSON est attendu (application/json).")
        try:
            record = json.loads(_body(environ))
        except (ValueError, RecursionError) as error:
            raise RefusedError("400 Bad Request", "Ce n’est pas du JSON.") from error
        if wrong := problems(self.fields, record):
            return _refuse("400 Bad Request", *wrong)
        stored = self.store.add(clean(self.fields, record))
        return _json("201 Created", _shown(stored), ("Location", f"/api/fiches/{stored.id}"))

    def _page(self, environ: Environ) -> Answer:
        found, more = self._found(environ)
        query = _query(environ)
        added = query.get("ajoutee", "")
        message = f"La fiche {added} est enregistrée." if added.isdigit() else ""
        shown = page.Listing(self.fields, found, words=query.get("q", ""), more=more, message=message)
        return Answer("200 OK", "text/html", page.listing(self.title, shown))

    def _submit(self, environ: Environ) -> Answer:
        _same_origin(environ)
        if _kind(environ) != _FORM:
            return _refuse("415 Unsupported Media Type", "Un formulaire est attendu.")
        try:
            text = _body(environ).decode()
            fields = parse_qs(text, keep_blank_values=True, max_num_fields=64)
        except UnicodeDecodeError as error:
            raise RefusedError("400 Bad Request", "Le formulaire n’est pas en UTF-8.") from error
        except ValueError as error:
            raise RefusedError("400 Bad Request", "Trop de champs.") from error
        typed = {name: values[-1] for name, values in fields.items()}
        if wrong := problems(self.fields, typed):
            found = self.store.find("", PAGE_SIZE, None)
            shown = page.Listing(self.fields, found, problems=wrong, typed=typed)
            return Answer("400 Bad Request", "text/html", page.listing(self.title, shown))
        stored = self.store.add(clean(self.fields, typed))
        return Answer("303 See Other", "text/html", "", (("Location", f"/?ajoutee={stored.id}"),))


def _refuse(status: str, *sentences: str) -> Answer:
    raise RefusedError(status, *sentences)


def _json(status: str, content: Mapping[str, object], *headers: tuple[str, str]) -> Answer:
    return Answer(status, _JSON, json.dumps(content, ensure_ascii=False) + "\n", headers)


def _shown(record: Stored) -> dict[str, object]:
    return {"id": record.id, "champs": dict(record.fields), "creee_le": record.created.isoformat()}


def _query(environ: Environ) -> dict[str, str]:
    try:
        found = parse_qs(str(environ.get("QUERY_STRING", "")), max_num_fields=16)
    except ValueError as error:
        raise RefusedError("400 Bad Request", "Trop de paramètres.") from error
    return {name: values[-1] for name, values in found.items()}


def _kind(environ: Environ) -> str:
    return str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()


def _same_origin(environ: Environ) -> None:
    """Refuse a form that another site's page sent (Fetch standard, Sec-Fetch-Site and Origin)."""
    site, origin = environ.get("HTTP_SEC_FETCH_SITE"), environ.get("HTTP_ORIGIN")
    host = environ.get("HTTP_HOST")
    if site in ("cross-site", "same-site") or (origin and origin not in (f"https://{host}", f"http://{host}")):
        raise RefusedError("403 Forbidden", "Le formulaire vient d’un autre site.")


def _body(environ: Environ) -> bytes:
    length = str(environ.get("CONTENT_LENGTH") or "0")
    if not length.isdigit():
        raise RefusedError("400 Bad Request", "Longueur inconnue.")
    if int(length) > LARGEST_BODY:
        raise RefusedError("413 Content Too Large", f"{LARGEST_BODY} octets au plus.")
    stream = environ["wsgi.input"]
    read = getattr(stream, "read", None)
    content = read(int(length)) if callable(read) else b""
    return content if isinstance(content, bytes) else b""
