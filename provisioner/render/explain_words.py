"""Explanations for people: the value, its rule, then one line per place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from provisioner.render.explain import Explained
from provisioner.render.plan_paths import Json


def as_lines(explained: tuple[Explained, ...], translate: Callable[[str], str]) -> Iterator[str]:
    """Yield the explanations for people: the value, its rule, then one line per place."""
    for one in explained:
        yield f"{one.path} = {_plain(one.value)}"
        yield f"  {translate(one.rule)}"
        for source in one.sources:
            yield f"  {source.place}: {source.written} ({translate(source.origin.value)})"


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
