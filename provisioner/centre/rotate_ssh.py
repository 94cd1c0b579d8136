"""Control's SSH key for a site, replaced: every guest knows the new one before it is used, and forgets the old one at the end.

secrets/ssh_ed25519.next   the key to come, until every guest knows it
"""

from __future__ import annotations

import shlex
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from provisioner import places
from provisioner.centre.inside import Inside
from provisioner.centre.journal import Journal
from provisioner.centre.keys import make, public_line
from provisioner.errors import OutsideError, raise_all
from provisioner.plan.plan import Guest

_FILE = "~/.ssh/authorized_keys"


def rotate(way: Inside, journal: Journal) -> None:
    """Replace the key. The caller holds the site's lock; a guest that does not answer stops the rotation with both keys valid."""
    kept = places.site(way.plan.site).ssh_key
    coming = kept.with_name(f"{kept.name}.next")
    if not coming.exists():
        make(coming)
    with journal.step("make the new key known"):
        line = public_line(coming, way.plan.site)
        _everywhere(way, f"grep -qxF {shlex.quote(line)} {_FILE} || echo {shlex.quote(line)} >> {_FILE}")
    with journal.step("use the new key"):
        _change_over(way.plan.site, kept, coming)
    with journal.step("forget every other key"):
        # Written beside and renamed: a cut write must not lock control out.
        _everywhere(way, f"echo {shlex.quote(line)} > {_FILE}.new && chmod 600 {_FILE}.new && mv {_FILE}.new {_FILE}")


def _change_over(site: str, kept: Path, coming: Path) -> None:
    """Rename the new pair over the old one, the public half first: the private one's renaming is the change."""
    places.write(kept.with_suffix(".pub"), public_line(coming, site) + "\n")
    coming.replace(kept)


def _everywhere(way: Inside, text: str) -> None:
    def one(guest: Guest) -> OutsideError | None:
        try:
            way.run(guest, text)
        except OutsideError as error:
            return error
        return None

    with ThreadPoolExecutor(max_workers=8) as pool:
        failed = [error for error in pool.map(one, way.plan.guests) if error is not None]
    raise_all(OutsideError, (problem for error in failed for problem in error.problems))
