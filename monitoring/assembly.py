"""Which parts an exporter has: the meaning always, the NOC's page where it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from monitoring.meaning import MeaningPart
from monitoring.noc.desk import Settings
from monitoring.noc.part import NocPart
from monitoring.parts import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Where the NOC's page is served, who may see it, and its certificate and key."""

    listen: tuple[str, int]
    passwords: Path | None = None
    tls: tuple[Path, Path] | None = None


def parts_of(state: Path | None, page: Page | None) -> tuple[Part, ...]:
    """Return the parts in the order of their steps. A page needs a state folder. Raises ProblemsError, OSError."""
    meaning = MeaningPart(state)
    if page is None or state is None:
        return (meaning,)
    settings = Settings(listen=page.listen, state=state, passwords=page.passwords, tls=page.tls)
    return (meaning, NocPart(settings, meaning))
