"""HTTP: reads a request as Proxmox's own daemon does, and renders the answer."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from aiohttp import BodyPartReader, web

from provisioner.lab.proxmox import auth, console, trouble
from provisioner.lab.proxmox.access import Identity, Login, Rights
from provisioner.lab.proxmox.calls import Call, Lab, Route, Upload, find
from provisioner.lab.proxmox.console import Channel
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.parameters import plain, verify
from provisioner.lab.proxmox.values import Beside, Json

log = logging.getLogger(__name__)

_METHODS = ("GET", "POST", "PUT", "DELETE")
_PREFIX = ["api2", "json"]
_CHUNK = 1 << 20
_BODY_BYTES = 512 * 1024  # Proxmox's own limit of a form
_WORKERS = 32


def segments(raw_path: str) -> list[str]:
    """Return the decoded segments of a path; it is split first, so that %2F stays inside its segment."""
    parts = [part for part in raw_path.partition("?")[0].split("/") if part]
    if parts[:2] != _PREFIX:
        raise Failure(404, f"no such file '{unquote(raw_path.partition('?')[0])}'", bare=True)
    return [unquote(part) for part in parts[2:]]


def _target(request: web.BaseRequest) -> list[str]:
    if request.method not in _METHODS:
        raise Failure(501, f"method '{request.method}' not available", bare=True)
    return segments(request.raw_path)


def _pairs(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True))


def _json_body(text: str) -> dict[str, str]:
    try:
        value = json.loads(text or "{}")
    except ValueError as error:
        raise Failure(500, f"malformed JSON string: {error}".partition("\n")[0], bare=True) from error
    if not isinstance(value, dict):
        raise Failure(500, "malformed JSON: an object is expected", bare=True)
    return {str(name): plain(item) for name, item in value.items()}


@dataclass(frozen=True, slots=True)
class _Asking:
    lab: Lab
    who: Identity
    rights: Rights

    def allowed(self, path: str, privilege: str) -> bool:
        return privilege in self.rights.held(path)


class Transport:
    """Answers requests from a table of routes."""

    def __init__(self, lab: Lab, routes: Sequence[Route], failure_delay: float) -> None:
        """Keep the routes; every 401 is answered after `failure_delay` seconds."""
        self._lab = lab
        self._routes = routes
        self._delay = failure_delay
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="call")
        self._folder = lab.root / "tmp"
        shutil.rmtree(self._folder, ignore_errors=True)  # what a killed server was receiving
        self._folder.mkdir(parents=True, exist_ok=True)

    def close(self) -> None:
        """Wait for the calls that are being answered."""
        self._pool.shutdown(wait=True)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        upload: Upload | None = None
        try:
            parts = _target(request)
            await self._trouble(parts)
            loop = asyncio.get_running_loop()
            route, inside, who = await loop.run_in_executor(self._pool, self._front, request, parts)
            given, upload = await self._body(request)
            data = await loop.run_in_executor(self._pool, self._call, route, inside, who, given, upload)
        except Failure as failure:
            if failure.status == HTTPStatus.UNAUTHORIZED:
                await asyncio.sleep(self._delay)
            return _refusal(failure)
        except Exception:
            log.exception("%s %s", request.method, request.raw_path.partition("?")[0])
            return _refusal(Failure.of("internal error of the lab: see its log"))
        finally:
            if upload is not None:
                upload.path.unlink(missing_ok=True)
        if isinstance(data, Channel):
            return await self._console(request, data)
        return _answer(data)

    async def _console(self, request: web.BaseRequest, channel: Channel) -> web.StreamResponse:
        """Join a web socket with a console; a plain request is told the port, as Proxmox does before it upgrades."""
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return _answer({"port": str(channel.port)})
        try:
            return await console.bridge(request, channel)
        except OSError as error:
            return _refusal(Failure.of(f"the console does not answer: {error}"))

    async def _trouble(self, parts: Sequence[str]) -> None:
        """Answer late, or raise a refusal, where that was asked for."""
        found = trouble.of(self._lab.root, parts)
        if found is not None:
            await asyncio.sleep(found.delay)
            refusal = trouble.failure(found)
            if refusal is not None:
                raise refusal

    def _front(self, request: web.BaseRequest, parts: Sequence[str]) -> tuple[Route, dict[str, str], Identity]:
        """Return the route and the caller: a path that does not exist is told only to one who has logged in."""
        try:
            route, inside = find(self._routes, request.method, parts)
        except Failure:
            auth.identify(self._lab.store, request.method, request.headers, request.cookies.get("PVEAuthCookie"))
            raise
        if isinstance(route.allow, Login) and not route.allow.required:
            return route, inside, auth.nobody()
        return route, inside, auth.identify(self._lab.store, request.method, request.headers, request.cookies.get("PVEAuthCookie"))

    async def _body(self, request: web.BaseRequest) -> tuple[dict[str, str], Upload | None]:
        query = _pairs(request.raw_path.partition("?")[2])
        if request.method == "GET" or not request.body_exists:
            return query, None
        kind = request.content_type.lower() if "Content-Type" in request.headers else ""
        if kind == "multipart/form-data":
            form, upload = await self._multipart(request)
            return query | form, upload
        text = (await request.content.read(_BODY_BYTES + 1)) if request.content_length is None else await request.read()
        if len(text) > _BODY_BYTES:
            raise Failure(501, "for data too large", bare=True)
        if kind == "application/json":
            return query | _json_body(text.decode(errors="replace")), None
        if kind == "application/x-www-form-urlencoded" or not text:
            return query | _pairs(text.decode(errors="replace")), None
        raise Failure(506, f"upload 'Content-Type '{kind}' not implemented", bare=True)

    async def _multipart(self, request: web.BaseRequest) -> tuple[dict[str, str], Upload | None]:
        form: dict[str, str] = {}
        upload: Upload | None = None
        try:
            reader = await request.multipart()
            while (part := await reader.next()) is not None:
                if isinstance(part, BodyPartReader) and part.filename is not None:
                    upload = await self._file(part)
                elif isinstance(part, BodyPartReader):
                    form[part.name or ""] = await part.text()
        except BaseException:
            if upload is not None:
                upload.path.unlink(missing_ok=True)
            raise
        return form, upload

    async def _file(self, part: BodyPartReader) -> Upload:
        """Stream a file part to disk, in the lab's own folder so that it can be renamed into a storage."""
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix="upload-", delete=False) as sink:
            path = Path(sink.name)
            try:
                while chunk := await part.read_chunk(_CHUNK):
                    await asyncio.get_running_loop().run_in_executor(self._pool, sink.write, chunk)
            except BaseException:
                path.unlink(missing_ok=True)  # noqa: ASYNC240  on a local file system, and only when the client is gone
                raise
        return Upload(filename=part.filename or "", path=path)

    def _call(
        self, route: Route, inside: Mapping[str, str], who: Identity, given: Mapping[str, str], upload: Upload | None
    ) -> Json | Beside | Channel:
        for name, value in given.items():
            if name in inside and inside[name] != value:
                raise Failure.parameter(name, "duplicate parameter (already defined in URI) with conflicting values!")
        raw = {**given, **inside}
        rights = Rights(self._lab.store, who)
        refusal = route.allow.refusal(_Asking(self._lab, who, rights), raw)
        if refusal is not None:
            raise Failure.denied(*refusal)
        if route.proxied and self._lab.store.get("node", raw["node"]) is None and raw["node"] != "localhost":
            name = raw["node"]
            raise Failure.of(
                f"hostname lookup '{name}' failed - failed to get address info for: {name}: Temporary failure in name resolution"
            )
        answer = route.handler(Call(lab=self._lab, who=who, rights=rights, parameters=verify(raw, route.parameters), upload=upload))
        if route.method != "GET":
            self._lab.enforcement.changed()
        return answer


def _headers() -> dict[str, str]:
    now = formatdate(usegmt=True)
    return {"Server": "pve-api-daemon/3.0", "Cache-Control": "max-age=0", "Pragma": "no-cache", "Expires": now, "Date": now}


def _rendered(status: int, reason: str, body: Json) -> web.Response:
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    headers = _headers() | {"Content-Type": "application/json;charset=UTF-8"}
    return web.Response(status=status, reason=reason, body=text, headers=headers)


def _answer(data: Json | Beside) -> web.Response:
    match data:
        case Beside(data=inner, members=members):
            return _rendered(200, "OK", {"data": inner, **members})
        case _:
            return _rendered(200, "OK", {"data": data})


def _phrase(reason: str) -> str:
    """Return the first line of a reason as a status line may hold it (RFC 9112, section 4: no control characters)."""
    first = "".join(letter for letter in reason.strip().partition("\n")[0] if letter.isprintable())
    return first or "error"


def _refusal(failure: Failure) -> web.Response:
    reason = _phrase(failure.reason)
    if failure.bare:
        return web.Response(status=failure.status, reason=reason, headers=_headers())
    body: dict[str, Json] = {"data": None, "message": failure.reason.rstrip("\n") + ("\n" if failure.newline else "")}
    if failure.errors is not None:
        body["errors"] = failure.errors
    return _rendered(failure.status, reason, body)
