"""The JSON values of the API, and the digest of a document."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
Value: TypeAlias = str | int | float
Document: TypeAlias = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Beside:
    """Data with further members beside it in the answer, such as `total`."""

    data: Json
    members: Mapping[str, Json]


def digest(document: Json) -> str:
    """Return the SHA-1 of a document, as Proxmox gives one of each configuration file."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def strings(value: Json) -> tuple[str, ...]:
    """Return the strings of a JSON list; anything else is no list and gives none."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        return ()
    return tuple(str(item) for item in value)


def split_list(value: str) -> tuple[str, ...]:
    """Return the items of a Proxmox list: separated by commas, semicolons, blanks or NULs."""
    for separator in ";\0 \t\n":
        value = value.replace(separator, ",")
    return tuple(item for item in value.split(",") if item)
