"""What was changed by hand at a site and is kept: disks that somebody grew. A disk never shrinks again."""

from __future__ import annotations

import json
from collections.abc import Mapping

from provisioner import places

FILE = "disks.json"


def disks(site: str) -> dict[str, int]:
    """Return guest -> GiB of the disks that were grown by hand and kept."""
    file = places.site(site).observed / FILE
    return {str(guest): int(size) for guest, size in json.loads(file.read_text()).items()} if file.exists() else {}


def keep(site: str, grown: Mapping[str, int]) -> None:
    """Keep disks that were grown by hand: from now on they are as they should be."""
    if grown:
        text = json.dumps(disks(site) | dict(grown), indent=1, sort_keys=True) + "\n"
        places.write(places.site(site).observed / FILE, text)
