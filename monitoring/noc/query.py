"""What a person asked to see: search and filters, as they stand in the page's address."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from monitoring.noc.view import IncidentView, SiteView, State
from monitoring.noc.words import STATE_IN_URL

_LONGEST = 80  # characters of a search; the rest is dropped
_STATES: Mapping[str, State] = {word: state for state, word in STATE_IN_URL.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Words to find, states (none: all) and a pole; `still` stops the page from renewing itself without JavaScript."""

    text: str = ""
    states: frozenset[State] = frozenset()
    pole: str = ""
    still: bool = False

    @property
    def narrows(self) -> bool:
        """Whether any site may be left out."""
        return bool(self.text or self.states or self.pole)

    def matches(self, site: SiteView) -> bool:
        """Tell whether a site is asked for."""
        if self.states and site.state not in self.states:
            return False
        if self.pole and self.pole not in {site.pole, site.name}:
            return False
        return not self.text or all(word in _fold(f"{site.name} {site.title} {site.region}") for word in _fold(self.text).split())

    def touches(self, incident: IncidentView) -> bool:
        """Tell whether an incident names a site that is asked for; a state does not hide the incident that caused it."""
        wide = Query(text=self.text, pole=self.pole)
        words = _fold(" ".join((incident.incident.id, incident.headline, *incident.segments)))
        named = bool(self.text) and not self.pole and all(word in words for word in _fold(self.text).split())
        return not wide.narrows or named or any(wide.matches(site) for site in (*incident.sites, *incident.weakened))

    def address(self) -> str:
        """Return the query for an address, without its question mark; empty if nothing was asked for."""
        asked = [("q", self.text), *(("etat", STATE_IN_URL[state]) for state in State if state in self.states), ("pole", self.pole)]
        if self.still:
            asked.append(("actualiser", "0"))
        return urlencode([(key, value) for key, value in asked if value])


def parse(address: str) -> Query:
    """Read a query string; what is not known is left aside, so that an old address still opens the page."""
    fields = parse_qs(address, max_num_fields=50) if len(address) < 4000 else {}  # noqa: PLR2004, as long as no address of ours
    return Query(
        text=" ".join(fields.get("q", [""])[-1].split())[:_LONGEST],
        states=frozenset(_STATES[word] for word in fields.get("etat", []) if word in _STATES),
        pole=fields.get("pole", [""])[-1][:_LONGEST],
        still=fields.get("actualiser", ["1"])[-1] == "0",
    )


def _fold(text: str) -> str:
    """Return text without accents and capitals."""
    return "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one)).casefold()
