"""What a record may hold, and how a search sees it. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date

LONGEST = 200  # characters of one field
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def is_date(field: str) -> bool:
    """Return whether a field holds a date: its name says so."""
    return field.split("_", 1)[0] == "date"


def problems(fields: Sequence[str], record: object) -> tuple[str, ...]:
    """Return everything that is wrong with a record, in French, one sentence each; empty if it may be stored."""
    if not isinstance(record, Mapping):
        return ("La fiche doit être un objet JSON : champ, valeur.",)
    found = [f"Champ inconnu : {name}." for name in sorted(set(map(str, record)) - set(fields))]
    for field in fields:
        found += _of_field(field, record.get(field, ""), required=field == fields[0])
    return tuple(found)


def _of_field(field: str, value: object, *, required: bool) -> list[str]:
    if not isinstance(value, str):
        return [f"{field} : un texte est attendu."]
    if required and not value.strip():
        return [f"{field} : ce champ est obligatoire."]
    if len(value) > LONGEST:
        return [f"{field} : {len(value)} caractères, {LONGEST} au plus."]
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in value):
        return [f"{field} : caractère de commande refusé."]
    if is_date(field) and value.strip() and not _valid_date(value.strip()):
        return [f"{field} : une date est attendue, par exemple 2026-01-31."]
    return []


def _valid_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def clean(fields: Sequence[str], record: Mapping[str, str]) -> dict[str, str]:
    """Return a valid record with every field, in composed Unicode (NFC), without outer blanks."""
    return {field: unicodedata.normalize("NFC", record.get(field, "")).strip() for field in fields}


def folded(text: str) -> str:
    """Return a text as the search compares it: no accents, no capitals."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(character for character in apart if not unicodedata.combining(character)).casefold()


def searchable(record: Mapping[str, str]) -> str:
    """Return what a search looks through."""
    return folded(" \n".join(record.values()))


def pattern(words: str) -> str:
    """Return the LIKE pattern of what a person typed; nothing in it is special."""
    escaped = re.sub(r"([\\%_])", r"\\\1", folded(words.strip()))
    return f"%{escaped}%"
