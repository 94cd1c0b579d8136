"""One line of the list of communes: facts with their source, see inventory/communes.md."""

from __future__ import annotations

from typing import NamedTuple


class Commune(NamedTuple):
    """A commune. Degrees are WGS 84; `seat` tells whether they are the commune's own or its department's."""

    slug: str
    name: str
    department: str
    region: str
    pole: str  # pôle territoire of Sénégal 2050
    latitude: float
    longitude: float
    seat: bool
