"""The catalogue: PO text to messages, messages to the MO format that gettext reads, and the choice of the language."""

from __future__ import annotations

import gettext
import logging
import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

log = logging.getLogger(__name__)

DOMAIN = "teranga"
_HERE = Path(__file__).parent
_MAGIC = 0x950412DE  # GNU gettext manual, 10.3: the format of GNU MO files
_HEADER_BYTES = 28
_STRINGS = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
_ENTRY = re.compile(rf"(?:^(#, fuzzy)[^\n]*\n)?^msgid {_STRINGS}^msgstr {_STRINGS}", re.MULTILINE)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPES = {"\\n": "\n", "\\t": "\t", '\\"': '"', "\\\\": "\\"}
_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")  # in gettext's own order


def language() -> str:
    """Return the code of the language that the environment asks for: `fr`, or `en` where we have no catalogue."""
    wanted = next((os.environ[name] for name in _VARIABLES if os.environ.get(name)), "")
    code = wanted.split(":")[0].split("_")[0].split(".")[0].lower()
    return code if (_HERE / f"{code}.po").is_file() else "en"


@cache
def messages(code: str) -> Mapping[str, str]:
    """Return English -> the language; what is not translated is left out. English has none."""
    file = _HERE / f"{code}.po"
    return read(file.read_text(encoding="utf-8")) if file.is_file() else {}


def read(text: str) -> dict[str, str]:
    """Return the messages of a PO file; a message that is empty or marked fuzzy is not one."""
    found: dict[str, str] = {}
    for fuzzy, english, said in _ENTRY.findall(text):
        if not fuzzy and (joined := _joined(said)):
            found[_joined(english)] = joined
    return found


def _joined(strings: str) -> str:
    """Return the text of quoted strings, one after the other."""
    text = "".join(_STRING.findall(strings))
    return _unescaped(text) if "\\" in text else text


def _unescaped(text: str) -> str:
    return re.sub(r"\\.", lambda match: _ESCAPES.get(match.group(), match.group()[1:]), text)


def compiled(found: Mapping[str, str]) -> bytes:
    """Return messages in the MO format, sorted by their English."""
    import struct

    pairs = sorted((english.encode(), other.encode()) for english, other in found.items())
    ids, texts = b"", b""
    places_of: list[tuple[int, int, int, int]] = []
    for english, other in pairs:
        places_of.append((len(english), len(ids), len(other), len(texts)))
        ids, texts = ids + english + b"\0", texts + other + b"\0"
    first = _HEADER_BYTES + 16 * len(pairs)
    head = struct.pack("<7I", _MAGIC, 0, len(pairs), _HEADER_BYTES, _HEADER_BYTES + 8 * len(pairs), 0, 0)
    keys = b"".join(struct.pack("<2I", length, first + at) for length, at, _, _ in places_of)
    values = b"".join(struct.pack("<2I", length, first + len(ids) + at) for _, _, length, at in places_of)
    return head + keys + values + ids + texts


def install() -> None:
    """Make gettext, and so argparse too, speak the language of the environment. Where the cache cannot be written: English."""
    code = language()
    gettext.textdomain(DOMAIN)
    if code == "en":
        gettext.bindtextdomain(DOMAIN, str(_HERE / "none"))
        return
    from hashlib import sha256  # late: `teranga --help` in English needs none of it

    from provisioner import places

    content = (_HERE / f"{code}.po").read_bytes()
    root = places.cache() / "locale" / sha256(content).hexdigest()[:16]
    file = root / code / "LC_MESSAGES" / f"{DOMAIN}.mo"
    if not file.exists():
        try:
            places.write(file, compiled(messages(code)), 0o644)
        except OSError as error:
            log.info("%s: %s", file, error)
    gettext.bindtextdomain(DOMAIN, str(root))
