"""Write an acceptance report where it is kept: JSON (hashed), HTML (French), JUnit."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from provisioner import places
from provisioner.observed.acceptance import Acceptance
from provisioner.plan.plan import Plan
from provisioner.render import acceptance as render


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Where a report lies, and the SHA-256 of its data."""

    html: Path
    json: Path
    junit: Path
    sha256: str


def write(plan: Plan, seen: Acceptance, html: Path | None = None, junit: Path | None = None) -> Written:
    """Write the three files; by default in the site's folder of reports, under the time of the run."""
    folder = places.site(seen.site).reports
    stem = f"recette-{seen.started:%Y%m%dT%H%M%SZ}"
    written = Written(
        html=html or folder / f"{stem}.html",
        json=folder / f"{stem}.json",
        junit=junit or folder / f"{stem}.xml",
        sha256=render.digest(render.canonical(plan, seen)),
    )
    _put(written.html, render.to_html(plan, seen))
    _put(written.json, render.to_json(plan, seen))
    _put(written.junit, render.to_junit(plan, seen))
    return written


def _put(file: Path, text: str) -> None:
    """Replace a file in one step: a cut run leaves the old one or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}")
    part.write_text(text)
    part.replace(file)
