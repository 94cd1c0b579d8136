"""The file itself: 4 096 bytes that say what follows and who signed it, then a tar archive with a manifest of its files.

teranga-bundle 1
-----BEGIN SSH SIGNATURE-----      over: the format, SHA-512 and size of the archive
...
-----END SSH SIGNATURE-----
(newlines up to 4 096 bytes)
tar: manifest.json, then every file in the manifest's order

One changed byte anywhere is refused before the archive is opened.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from provisioner.centre.bundle import signature
from provisioner.errors import FindingError, Problem

FORMAT = 1
_MAGIC = f"teranga-bundle {FORMAT}\n"
_HEAD_BYTES = 4096
_CHUNK = 1 << 20
_MANIFEST = "manifest.json"
_AGAIN = "get the bundle again; nothing of it was used"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file of the bundle. `path` is relative, with slashes."""

    path: str
    size: int
    sha256: str
    executable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What the bundle is for and holds."""

    site: str
    made: str  # ISO 8601, UTC
    plan_hash: str
    engine: str
    plugin: str
    requirements: str  # SHA-256 of requirements.lock
    files: tuple[Entry, ...]


def entry(path: str, file: Path) -> Entry:
    """Return the entry of a file."""
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    status = file.stat()
    return Entry(path=path, size=status.st_size, sha256=digest, executable=bool(status.st_mode & 0o100))


def _info(name: str, size: int, *, executable: bool = False) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o755 if executable else 0o644
    return info


def _statement(archive: IO[bytes]) -> str:
    """Return what is signed of an archive, read from where it stands to its end."""
    digest, size = hashlib.sha512(), 0
    while chunk := archive.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return f"{_MAGIC}sha512 {digest.hexdigest()}\nsize {size}\n"


def write(target: Path, manifest: Manifest, sources: Mapping[str, Path], key: Path) -> None:
    """Write a signed bundle whole or not at all; `sources` has the file of each path."""
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("w+b") as handle:
            handle.write(b"\n" * _HEAD_BYTES)
            with tarfile.open(fileobj=handle, mode="w", format=tarfile.PAX_FORMAT) as archive:
                text = json.dumps(asdict(manifest), indent=1).encode()
                archive.addfile(_info(_MANIFEST, len(text)), io.BytesIO(text))
                for one in manifest.files:
                    with sources[one.path].open("rb") as content:
                        archive.addfile(_info(one.path, one.size, executable=one.executable), content)
            handle.seek(_HEAD_BYTES)
            head = (_MAGIC + signature.sign(_statement(handle), key)).encode()
            if len(head) > _HEAD_BYTES:
                raise AssertionError(len(head))
            handle.seek(0)
            handle.write(head)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _refusal(where: Path, what: str) -> FindingError:
    return FindingError(Problem(where=where.name, what=what, hint=_AGAIN))


def _armour(head: bytes, where: Path) -> str:
    """Return the signature in the head; raise FindingError if a byte of it is not as `write` wrote it."""
    text = head.decode("ascii", errors="replace")
    body = text.removeprefix(_MAGIC).rstrip("\n")
    try:
        armour = signature.canonical(body)
    except ValueError as error:
        raise _refusal(where, f"it is no bundle of format {FORMAT}: {error}") from error
    if (_MAGIC + armour).ljust(_HEAD_BYTES, "\n") != text:
        raise _refusal(where, "its head was changed")
    return armour


def check(file: Path, public_key: str) -> None:
    """Raise FindingError unless every byte of the file is what the pinned key signed."""
    with file.open("rb") as handle:
        armour = _armour(handle.read(_HEAD_BYTES), file)
        statement = _statement(handle)
    signature.check(statement, armour, public_key, file.name)


def manifest(file: Path) -> Manifest:
    """Return the manifest of a bundle that was checked."""
    with file.open("rb") as handle:
        handle.seek(_HEAD_BYTES)
        with tarfile.open(fileobj=handle, mode="r:") as archive:
            return _manifest(archive, file)


def _manifest(archive: tarfile.TarFile, file: Path) -> Manifest:
    first = archive.next()
    content = archive.extractfile(first) if first is not None and first.name == _MANIFEST else None
    if content is None:
        raise _refusal(file, "its archive does not begin with a manifest")
    said = json.loads(content.read())
    return Manifest(**(said | {"files": tuple(Entry(**one) for one in said["files"])}))


def _safe(path: str) -> bool:
    return not path.startswith("/") and ".." not in PurePosixPath(path).parts


def extract(file: Path, folder: Path) -> Manifest:
    """Write the files of a checked bundle into an empty folder, each compared with the manifest; return it."""
    with file.open("rb") as handle:
        handle.seek(_HEAD_BYTES)
        with tarfile.open(fileobj=handle, mode="r:") as archive:
            found = _manifest(archive, file)
            for one in found.files:
                member = archive.next()
                content = archive.extractfile(member) if member is not None and member.isreg() and member.name == one.path else None
                if content is None or not _safe(one.path):
                    raise _refusal(file, f"{one.path} is not where its manifest says")
                _extract(content, one, folder / one.path, file)
            if archive.next() is not None:
                raise _refusal(file, "it holds a file that its manifest does not name")
    return found


def _extract(content: IO[bytes], one: Entry, target: Path, bundle: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as sink:
        shutil.copyfileobj(content, sink, _CHUNK)
    target.chmod(0o755 if one.executable else 0o644)
    written = entry(one.path, target)
    if (written.size, written.sha256) != (one.size, one.sha256):
        raise _refusal(bundle, f"{one.path} does not have the checksum of its manifest")


def tree(root: Path, under: str, skip: Sequence[str] = ()) -> dict[str, Path]:
    """Return the files below `root` by their path in the bundle; caches are left out, a link is refused."""
    found = {}
    for file in sorted(root.rglob("*")):
        inside = file.relative_to(root)
        if "__pycache__" in inside.parts or any(str(inside).startswith(one) for one in skip):
            continue
        if file.is_symlink():
            raise FindingError(Problem(where=str(file), what="a link cannot go into a bundle", hint="put the file itself there"))
        if file.is_file():
            found[f"{under}/{inside.as_posix()}"] = file
    return found
