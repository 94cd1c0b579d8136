"""The word that was meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_SHOWN = 12


def hint(word: str, known: Iterable[str]) -> str:
    """Return a remedy for an unknown word: the nearest known one, or the list of them."""
    words = sorted(known)
    if near := get_close_matches(word, words, n=1, cutoff=0.6):
        return f"did you mean `{near[0]}`?"
    if not words:
        return "there is none yet"
    more = ", ..." if len(words) > _SHOWN else ""
    return f"known: {', '.join(words[:_SHOWN])}{more}"
