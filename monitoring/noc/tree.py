"""The tree hub, pole, segment, commune, with the worst state of each branch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitoring.noc.view import SegmentView, SiteView, State, View
from monitoring.topology import SiteKind

_WORST_FIRST = tuple(State)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A segment and the communes it feeds as their last one; None for communes without a fibre path."""

    segment: SegmentView | None
    sites: tuple[SiteView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A pole (None: communes that no pole serves) and its bundles, with how many of its communes are in each state."""

    pole: SiteView | None
    bundles: tuple[Bundle, ...]
    counts: Mapping[State, int]
    worst: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A hub (None: sites that no hub feeds) and the branches it feeds first."""

    hub: SiteView | None
    branches: tuple[Branch, ...]


def tree(view: View, sites: Sequence[SiteView]) -> tuple[Root, ...]:
    """Return the tree of these sites; a pole stands under the hub of its first path."""
    shown = {site.name for site in sites}
    by_pole: dict[str | None, list[SiteView]] = {}
    for site in sites:
        if site.kind is SiteKind.CENTRE:
            by_pole.setdefault(site.pole if site.pole in view.site_by_name else None, []).append(site)
        elif site.kind is SiteKind.POLE:
            by_pole.setdefault(site.name, [])
    by_hub: dict[str | None, list[Branch]] = {}
    for pole, own in by_pole.items():
        found = view.site_by_name[pole] if pole is not None else None
        by_hub.setdefault(_hub(view, found, own), []).append(_branch(view, found, own))
    hubs: list[str | None] = [site.name for site in view.sites if site.kind is SiteKind.HUB and (site.name in shown or site.name in by_hub)]
    last: list[str | None] = [None] if None in by_hub else []
    return tuple(
        Root(hub=view.site_by_name[hub] if hub is not None else None, branches=tuple(by_hub.get(hub, ()))) for hub in (*hubs, *last)
    )


def worst(states: Iterable[State]) -> State:
    """Return the worst state, UP for none."""
    return min(states, key=_WORST_FIRST.index, default=State.UP)


def _hub(view: View, pole: SiteView | None, own: Sequence[SiteView]) -> str | None:
    """Return the hub of the pole's first path, else of its first commune's."""
    for site in (pole, *own):
        if site is not None and site.paths and site.paths[0].hub in view.site_by_name:
            return site.paths[0].hub
    return None


def _branch(view: View, pole: SiteView | None, own: Sequence[SiteView]) -> Branch:
    by_feed: dict[str | None, list[SiteView]] = {}
    for site in own:
        by_feed.setdefault(site.feed, []).append(site)
    bundles = tuple(
        Bundle(segment=view.segment_by_id.get(feed) if feed is not None else None, sites=tuple(fed)) for feed, fed in by_feed.items()
    )
    counts = dict.fromkeys(State, 0)
    for site in own:
        counts[site.state] += 1
    states = [site.state for site in (*own, *((pole,) if pole is not None else ()))]
    return Branch(pole=pole, bundles=bundles, counts=counts, worst=worst(states))
