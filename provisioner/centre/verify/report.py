"""Write an acceptance report where it is kept: JSON (hashed), HTML (French), JUnit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from provisioner import places
from provisioner.observed.acceptance import Acceptance
from provisioner.plan.plan import Plan
from provisioner.render import acceptance as render

_MODE = 0o644  # an auditor reads them


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
    places.write(written.html, render.to_html(plan, seen), _MODE)
    places.write(written.json, render.to_json(plan, seen), _MODE)
    places.write(written.junit, render.to_junit(plan, seen), _MODE)
    return written
