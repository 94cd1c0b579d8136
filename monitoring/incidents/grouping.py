"""Failures that are one: at a site whose every link went at once, at a hub, at an OLT, at a PON."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from monitoring.incidents.finding import Failure
from monitoring.incidents.index import Index
from monitoring.incidents.view import View
from monitoring.observed import Reach
from monitoring.topology import Ont

_MANY = 3


class Shape(StrEnum):
    """What failures have in common."""

    SEGMENT = "segment"
    NODE = "node"
    OLT = "olt"
    PON = "pon"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Failures joined into one, and the place they share: a site, an OLT, or a PON."""

    shape: Shape
    place: str
    failure: Failure


def grouped(index: Index, view: View, failures: Iterable[Failure], together: float) -> tuple[Group, ...]:
    """Return the failures, those of one place and moment joined."""
    left, found = list(failures), []
    for place in _places(index, view, left):
        mine = [failure for failure in left if _ends_at(index, failure, place)]
        for chain in _chains(mine, together):
            if len(chain) > 1:
                left = [failure for failure in left if failure not in chain]
                found.append(Group(shape=Shape.NODE, place=place, failure=joined(chain)))
    rules = (
        (Shape.OLT, lambda one: _silent_olt(index, view, one)),
        (Shape.PON, lambda one: _pon(index, one)),
        (Shape.OLT, lambda one: _olt(index, one)),
    )
    for shape, word in rules:
        for place, mine in _by(left, word).items():
            for chain in _chains(mine, together):
                if _is_one(index, left, chain, shape):
                    left = [failure for failure in left if failure not in chain]
                    found.append(Group(shape=shape, place=place, failure=joined(chain)))
    return (*(Group(shape=Shape.SEGMENT, place="", failure=failure) for failure in left), *found)


def _is_one(index: Index, failures: list[Failure], chain: list[Failure], shape: Shape) -> bool:
    """Tell whether failures at one OLT or PON are one: several, of many sites, and of a PON only while the OLT's others stand."""
    if len(chain) < 2 or sum(len(failure.dark) for failure in chain) < _MANY:  # noqa: PLR2004 - one is no group
        return False
    if shape is not Shape.PON:
        return True
    olt, pon = _olt(index, chain[0]), _pon(index, chain[0])
    return not any(_olt(index, one) == olt and _pon(index, one) != pon for one in failures)


def _places(index: Index, view: View, failures: list[Failure]) -> list[str]:
    """Return the sites that may have failed as a whole: dark ones, and hubs that nobody reaches."""
    used = {index.hub[key] for key, path in view.paths.items() if path.reach is Reach.UP}
    ends = {end for failure in failures for name in failure.segments for end in index.topology.segment_by_id[name].ends}
    dark = {end for end in ends if view.reach.get(end) is Reach.DOWN}
    return sorted(dark) + sorted({*index.hub.values()} & ends - used)


def _ends_at(index: Index, failure: Failure, place: str) -> bool:
    return any(place in index.topology.segment_by_id[name].ends for name in failure.segments)


def _chains(failures: list[Failure], together: float) -> list[list[Failure]]:
    chains: list[list[Failure]] = []
    for failure in sorted(failures, key=lambda one: (one.began, one.segments)):
        if chains and failure.began - chains[-1][-1].began <= together:
            chains[-1].append(failure)
        else:
            chains.append([failure])
    return chains


def _ont(index: Index, failure: Failure) -> Ont | None:
    """Return the ONT of a failure that touches one dark site only."""
    return index.topology.site_by_name[failure.dark[0]].ont if len(failure.touched) == 1 and failure.dark else None


def _pon(index: Index, failure: Failure) -> str | None:
    ont = _ont(index, failure)
    return f"{ont.olt} {ont.pon}" if ont else None


def _olt(index: Index, failure: Failure) -> str | None:
    ont = _ont(index, failure)
    return ont.olt if ont else None


def _silent_olt(index: Index, view: View, failure: Failure) -> str | None:
    """Return the OLT of all a failure's sites, if it no longer answers."""
    onts = [index.topology.site_by_name[site].ont for site in failure.touched]
    olts = {ont.olt if ont else "" for ont in onts}
    olt = olts.pop() if len(olts) == 1 else ""
    state = view.devices.get(olt)
    return olt if state is not None and state.reach is Reach.DOWN else None


def _by(failures: list[Failure], word: Callable[[Failure], str | None]) -> dict[str, list[Failure]]:
    found: dict[str, list[Failure]] = {}
    for failure in failures:
        place = word(failure)
        if place is not None:
            found.setdefault(place, []).append(failure)
    return found


def joined(failures: list[Failure]) -> Failure:
    """Return several failures as one."""
    dark = {site for failure in failures for site in failure.dark}
    return Failure(
        segments=tuple(sorted({name for failure in failures for name in failure.segments})),
        either=False,
        unique=all(failure.unique for failure in failures),
        dark=tuple(sorted(dark)),
        weakened=tuple(sorted({site for failure in failures for site in failure.weakened} - dark)),
        began=min(failure.began for failure in failures),
        latest=max(failure.latest for failure in failures),
    )
