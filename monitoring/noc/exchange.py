"""A request and an answer, as plain values between WSGI (PEP 3333) and the page."""

from __future__ import annotations

import gzip
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs
from wsgiref.types import InputStream, WSGIEnvironment

from monitoring.noc.guard import COOKIE, Caller

_LARGEST_FORM = 4096  # bytes; a name, a token
_WORTH_PACKING = 1024  # bytes
_LEVEL = 5
_VISIT_CHARACTERS = 22  # 128 bits in base 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. `base` is where the page is mounted, `visit` the cookie's value, a new one if `fresh`."""

    method: str
    base: str
    path: str
    query: str
    caller: Caller
    secure: bool
    visit: str
    fresh: bool
    form: dict[str, str]

    @property
    def packs(self) -> bool:
        """Whether the client takes gzip."""
        return "gzip" in self.caller.headers.get("accept-encoding", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer: a text or bytes as a whole, or parts that come as things happen (they are not packed)."""

    status: HTTPStatus = HTTPStatus.OK
    content_type: str = "text/html; charset=utf-8"
    body: bytes = b""
    parts: Iterable[bytes] | None = None
    headers: tuple[tuple[str, str], ...] = ()


def read(environ: WSGIEnvironment) -> Request:
    """Make a request of what the server gives; a form that is too long is read as empty."""
    headers = {key[5:].replace("_", "-").lower(): str(value) for key, value in environ.items() if key.startswith("HTTP_")}
    caller = Caller(address=str(environ.get("REMOTE_ADDR", "")), headers=headers)
    visit = _visit(headers.get("cookie", ""))
    return Request(
        method=str(environ["REQUEST_METHOD"]),
        base=str(environ.get("SCRIPT_NAME", "")).rstrip("/"),
        path=str(environ.get("PATH_INFO", "")).encode("latin-1").decode("utf-8", "replace") or "/",
        query=str(environ.get("QUERY_STRING", "")),
        caller=caller,
        secure=environ["wsgi.url_scheme"] == "https" or headers.get("x-forwarded-proto") == "https",
        visit=visit or secrets.token_urlsafe(16),
        fresh=not visit,
        form=_form(environ, environ["wsgi.input"]) if environ["REQUEST_METHOD"] == "POST" else {},
    )


def headers_of(answer: Answer, request: Request, policy: str) -> tuple[list[tuple[str, str]], Iterable[bytes]]:
    """Return the headers and the body as they are sent: packed if the client takes it, with the visit's cookie if it is new."""
    found = [
        ("Content-Type", answer.content_type),
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cache-Control", "no-store"),
        *answer.headers,
    ]
    if request.fresh and answer.status is HTTPStatus.OK:
        secure = "; Secure" if request.secure else ""
        found.append(("Set-Cookie", f"{COOKIE}={request.visit}; Path={request.base or '/'}; HttpOnly; SameSite=Strict{secure}"))
    if answer.parts is not None:
        return found, answer.parts
    body = answer.body
    if request.packs and len(body) >= _WORTH_PACKING:
        body = gzip.compress(body, _LEVEL, mtime=0)
        found += [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
    found.append(("Content-Length", str(len(body))))
    return found, _whole(body, request)


def _whole(body: bytes, request: Request) -> Iterator[bytes]:
    if request.method != "HEAD":
        yield body


def _visit(cookies: str) -> str:
    try:
        found = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return ""
    value = found.value if found is not None else ""
    return value if len(value) == _VISIT_CHARACTERS and value.isascii() else ""


def _form(environ: WSGIEnvironment, source: InputStream) -> dict[str, str]:
    length = str(environ.get("CONTENT_LENGTH") or "0")
    kind = str(environ.get("CONTENT_TYPE", "")).split(";")[0].strip().lower()
    if not (length.isascii() and length.isdigit()) or int(length) > _LARGEST_FORM or kind != "application/x-www-form-urlencoded":
        return {}
    try:
        fields = parse_qs(source.read(int(length)).decode(), max_num_fields=10)
    except ValueError:  # not UTF-8, or more fields than any form of ours
        return {}
    return {key: values[-1] for key, values in fields.items()}
