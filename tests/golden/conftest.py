"""Golden cases: folders of input and expected text; `GOLDEN_UPDATE=1 pytest tests/golden` rewrites the latter."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

Golden = Callable[[Path, str], None]


@pytest.fixture
def golden() -> Golden:
    """Return what compares a text with its golden file, or rewrites the file."""

    def compare(path: Path, text: str) -> None:
        if os.environ.get("GOLDEN_UPDATE"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path} is missing; write it with GOLDEN_UPDATE=1"
        assert text == path.read_text(encoding="utf-8")

    return compare
