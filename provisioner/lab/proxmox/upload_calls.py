"""Files that come into a storage: by upload, and from a URL."""

from __future__ import annotations

import hashlib
import os
import re
import ssl
import urllib.error
import urllib.request
from pathlib import Path

from provisioner.lab.proxmox import storages
from provisioner.lab.proxmox.access import AllOf, AnyOf, Need
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.parameters import Parameter, boolean, text
from provisioner.lab.proxmox.storages import ENDINGS
from provisioner.lab.proxmox.tasks import Log
from provisioner.lab.proxmox.values import Json

CALLS = Calls()
_CHUNK = 4 << 20
_TIMEOUT_SECONDS = 60
_ALGORITHMS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
_FILE: dict[str, Parameter] = {
    "content": text(enum=tuple(ENDINGS)),
    "filename": text(max_length=255),
    "checksum": text(optional=True, requires="checksum-algorithm"),
    "checksum-algorithm": text(optional=True, enum=_ALGORITHMS, requires="checksum"),
}


def _target(call: Call, filename: str) -> storages.Volume:
    content = call.text("content")
    storage = storages.find(call.lab, call.node, call.text("storage"))
    if content not in storage.content:
        raise Failure.of(f"storage '{storage.name}' does not support '{content}' content")
    name = re.sub(r"[^A-Za-z0-9._-]", "_", Path(filename).name)
    if not name.endswith(ENDINGS[content]):
        raise Failure.parameter("filename", "wrong file extension")
    return storages.named(storage, f"{content}/{name}")


def _verified(call: Call, file: Path, log: Log) -> None:
    algorithm, wanted = call.text("checksum-algorithm"), call.text("checksum").lower()
    if not algorithm:
        return
    log(f"calculating checksum...OK, {algorithm}")
    with file.open("rb") as source:
        found = hashlib.file_digest(source, algorithm).hexdigest()
    if found != wanted:
        raise Failure.of(f"checksum mismatch: got '{found}' != expect '{wanted}'")


@CALLS.post(
    "/nodes/{node}/storage/{storage}/upload",
    allow=Need("/storage/{storage}", "Datastore.AllocateTemplate"),
    parameters=_FILE | {"filename": text(optional=True, max_length=255), "tmpfilename": text(optional=True)},
)
def upload(call: Call) -> Json:
    """Put an uploaded file into a storage; one of the same name is replaced."""
    if call.upload is None:
        raise Failure.parameter("filename", "property is missing and it is not optional")
    volume = _target(call, call.upload.filename)
    kept = call.lab.root / "tmp" / f"{call.upload.path.name}.kept"
    call.upload.path.rename(kept)

    def work(log: Log) -> None:
        log(f"starting file import from: {volume.path.name}")
        try:
            _verified(call, kept, log)
            volume.path.parent.mkdir(parents=True, exist_ok=True)
            kept.chmod(0o644)
            kept.rename(volume.path)
        finally:
            kept.unlink(missing_ok=True)
        log(f"target file: {volume.declared}")
        log("finished file import successfully")

    return call.task("imgcopy", "", work)


_FROM_URL = AllOf(
    Need("/storage/{storage}", "Datastore.AllocateTemplate"),
    AnyOf(Need("/", "Sys.Audit", "Sys.Modify"), Need("/nodes/{node}", "Sys.AccessNetwork")),
)


@CALLS.post(
    "/nodes/{node}/storage/{storage}/download-url",
    allow=_FROM_URL,
    parameters=_FILE | {"url": text(pattern="https?://.*"), "verify-certificates": boolean(), "compression": text(optional=True)},
)
def download(call: Call) -> Json:
    """Fetch a file from a URL into a storage; one that exists is not replaced."""
    volume = _target(call, call.text("filename"))

    def work(log: Log) -> None:
        log(f"downloading {call.text('url')} to {volume.declared}")
        if volume.path.exists():
            raise Failure.of(f"refusing to override existing file '{volume.declared}'")
        volume.path.parent.mkdir(parents=True, exist_ok=True)
        part = volume.path.with_name(f".{volume.path.name}.{os.getpid()}.part")
        try:
            _fetched(call, part)
            _verified(call, part, log)
            part.rename(volume.path)
        finally:
            part.unlink(missing_ok=True)
        log(f"download of '{call.text('url')}' to '{volume.declared}' finished")

    return call.task("download", call.text("filename"), work)


def _fetched(call: Call, part: Path) -> None:
    tls = ssl.create_default_context()
    if not call.flag("verify-certificates", default=True):
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    try:
        with urllib.request.urlopen(call.text("url"), timeout=_TIMEOUT_SECONDS, context=tls) as answer, part.open("wb") as sink:  # noqa: S310  the pattern allows http and https only
            while chunk := answer.read(_CHUNK):
                sink.write(chunk)
    except urllib.error.URLError as error:
        raise Failure.of(f"download failed: {error.reason}") from error


@CALLS.get(
    "/nodes/{node}/query-url-metadata",
    allow=AnyOf(Need("/", "Sys.Audit", "Sys.Modify"), Need("/nodes/{node}", "Sys.AccessNetwork")),
    parameters={"url": text(pattern="https?://.*"), "verify-certificates": boolean()},
)
def url_metadata(call: Call) -> Json:
    """Return name, size and type of what a URL offers."""
    request = urllib.request.Request(call.text("url"), method="HEAD")  # noqa: S310  the pattern allows http and https only
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
            size = answer.headers.get("Content-Length")
            name = Path(answer.url.partition("?")[0]).name
            return {"filename": name, "mimetype": answer.headers.get_content_type(), **({"size": int(size)} if size else {})}
    except urllib.error.URLError as error:
        raise Failure.of(f"invalid server response: '500 {error.reason}'") from error
