"""One run per site at a time: a lock that the kernel releases when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from provisioner import command, places
from provisioner.errors import FindingError, Problem

_PAUSE_SECONDS = 0.2


@contextmanager
def site_lock(site: str, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the site's lock; raise FindingError naming the holder if it is not free within `wait_seconds`."""
    file = places.site(site).root / "lock"
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    deadline = monotonic() + wait_seconds
    with file.open("a+") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if monotonic() > deadline:
                    handle.seek(0)
                    holder = handle.read().strip()
                    raise FindingError(
                        Problem(
                            where=site,
                            what=f"another run is at work (process {holder})",
                            hint="wait for it, or end it; its lock goes with it",
                        )
                    ) from error
                command.pause(_PAUSE_SECONDS)
        handle.truncate(0)
        handle.write(f"{os.getpid()}\n")
        handle.flush()
        yield
