"""Pieces of a ruleset as text for nft."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence


def named(*parts: str) -> str:
    """Return a name that nft takes, of several words."""
    return "_".join(part.replace("-", "_") for part in parts)


def as_set(items: Iterable[object]) -> str:
    """Return a set, or its only element."""
    texts = [str(item) for item in items]
    return texts[0] if len(texts) == 1 else "{ " + ", ".join(texts) + " }"


def verdict_map(name: str, kind: str, elements: Sequence[str]) -> Iterator[str]:
    """Yield a map of verdicts."""
    yield f"    map {name} {{"
    yield f"        type {kind} : verdict"
    if elements:
        yield "        elements = {"
        yield from (f"            {element}," for element in elements)
        yield "        }"
    yield "    }"


def chain(name: str, rules: Iterable[str]) -> Iterator[str]:
    """Yield a chain."""
    yield f"    chain {name} {{"
    yield from (f"        {rule}" for rule in rules)
    yield "    }"
