"""From a person's words to a line of the list of communes, and from there to the pole that serves it."""

from __future__ import annotations

import unicodedata
from math import asin, cos, radians, sin, sqrt

from provisioner.errors import Problem, UsageError
from provisioner.load.nearest import hint as nearest
from provisioner.model import Commune, Inventory, Kind, Site

_EARTH = 6371.0  # km, mean radius (IUGG)
_ROUTE = 1.25  # a road, and the fibre beside it, over the great circle: an estimate until the survey
_LEAST = 2.0  # km
NOT_SURVEYED = f"estimate until the survey: great circle x {_ROUTE}"


def _plain(words: str) -> str:
    """Return words as slugs are made: no accents, no capitals, hyphens between."""
    apart = unicodedata.normalize("NFKD", words)
    letters = "".join(one if one.isalnum() else " " for one in apart if not unicodedata.combining(one))
    return "-".join(letters.casefold().split())


def find_commune(inventory: Inventory, words: str) -> Commune:
    """Return the commune that a person names by slug or by name; raise UsageError with the nearest words."""
    wanted = _plain(words)
    if wanted in inventory.communes:
        return inventory.communes[wanted]
    same = [commune for commune in inventory.communes.values() if _plain(commune.name) == wanted]
    if len(same) == 1:
        return same[0]
    if same:
        known = ", ".join(f"{commune.slug} ({commune.department})" for commune in same)
        raise UsageError(Problem(where=words, what=f"{len(same)} communes bear this name", hint=f"name one of {known}"))
    if not inventory.communes:
        raise UsageError(Problem(where=words, what="the inventory has no list of communes", hint="communes.csv is missing"))
    raise UsageError(Problem(where=words, what="the list has no such commune", hint=nearest(wanted, inventory.communes)))


def pole_of(inventory: Inventory, commune: Commune) -> Site | None:
    """Return the pole whose seat lies in the commune's own pôle territoire; None where the inventory has none."""
    for _, site in sorted(inventory.sites.items()):
        seat = inventory.commune_of(site)
        if site.kind is Kind.POLE and seat is not None and seat.pole == commune.pole:
            return site
    return None


def fibre_length(begins: Commune, ends: Commune) -> float:
    """Return the estimated length of the fibre between two communes, in km with one decimal."""
    north, south = radians(begins.latitude), radians(ends.latitude)
    half = sin((south - north) / 2) ** 2 + cos(north) * cos(south) * sin(radians(ends.longitude - begins.longitude) / 2) ** 2
    return max(round(2 * _EARTH * asin(sqrt(half)) * _ROUTE, 1), _LEAST)
