"""The size of a guest: a rule over the number of terminals and services, not a constant."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from provisioner.model.words import Count, Some, Written

_MEMORY_STEP = 256  # MiB


class Room(NamedTuple):
    """What a guest takes of its node."""

    cores: int
    memory: int  # MiB
    disk: int  # GiB


class Size(Written):
    """A base, and what each terminal and each service of the site adds."""

    cores: Some
    memory: Some  # MiB
    disk: Some  # GiB
    memory_per_terminal: Count = 0
    memory_per_service: Count = 0
    disk_per_service: Count = 0
    terminals_per_core: Some | None = None

    def room(self, *, terminals: int, services: int) -> Room:
        """Return the size for a number of terminals and services; memory is rounded up to 256 MiB."""
        memory = self.memory + terminals * self.memory_per_terminal + services * self.memory_per_service
        return Room(
            cores=max(self.cores, ceil(terminals / self.terminals_per_core) if self.terminals_per_core else 0),
            memory=ceil(memory / _MEMORY_STEP) * _MEMORY_STEP,
            disk=self.disk + services * self.disk_per_service,
        )
