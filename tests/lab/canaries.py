"""Canaries: what every secret of a site reads like, and where none of it may be found."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from provisioner import places

_LOOK_SECONDS = 0.1  # the arguments of what our own code starts are also in what it says with -vv
_SHORT = 12  # a piece of base64 that is shorter may be found by chance


def of_site(site: str) -> Mapping[str, tuple[bytes, ...]]:
    """Return name -> forms of each secret that this machine keeps of a site."""
    kept = places.site(site)
    files = [file for folder in (kept.token.parent, kept.pki) for file in folder.rglob("*") if file.is_file()]
    found = {str(file.relative_to(kept.root)): forms(file.read_text()) for file in files if file.suffix != ".pub"}
    return {name: one for name, one in found.items() if one}


def forms(text: str) -> tuple[bytes, ...]:
    """Return a secret as it is and in base64; of a file with a private key each line of the key, of certificates nothing."""
    if "-----BEGIN" not in text:
        secret = text.strip().encode()
        return (secret, base64.b64encode(secret).rstrip(b"="))
    if "PRIVATE KEY-----" not in text:
        return ()
    body = text.split("PRIVATE KEY-----\n", 1)[1].split("-----END", 1)[0]
    return tuple(line.encode() for line in body.splitlines()[1:] if len(line) > _SHORT)


def found_in(folder: Path, canaries: Mapping[str, tuple[bytes, ...]]) -> list[str]:
    """Return `file: secret` for each file below `folder` that holds a secret of another file."""
    hits = []
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.is_symlink():
            content = file.read_bytes()
            hits += [
                f"{file}: {name}"
                for name, texts in canaries.items()
                if not str(file).endswith(name) and any(one in content for one in texts)
            ]
    return hits


@contextmanager
def watched(canaries: Mapping[str, tuple[bytes, ...]]) -> Iterator[set[str]]:
    """Look at the arguments of every process of this machine for the time of a block; yield what was found."""
    hits: set[str] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(_LOOK_SECONDS):
            for entry in Path("/proc").iterdir():
                if entry.name.isdigit():
                    hits.update(_seen(entry, canaries))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield hits
    finally:
        over.set()
        looking.join()


def _seen(process: Path, canaries: Mapping[str, tuple[bytes, ...]]) -> set[str]:
    try:
        words = (process / "cmdline").read_bytes()
    except OSError:  # it ended meanwhile
        return set()
    return {f"{words[:60]!r}: {name}" for name, texts in canaries.items() if any(one in words for one in texts)}
