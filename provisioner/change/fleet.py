"""Changes of many sites, equal ones told once: `402 sites: +1 flow`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from provisioner.change.drift import Drift
from provisioner.change.plans import Action, Change, Effect

_SIGNS = {Action.ADDED: "+", Action.REMOVED: "-", Action.CHANGED: "~"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What differs at one site: from the plan that was applied last, and from what was seen. `note` says what is not known."""

    site: str
    changes: tuple[Change, ...] = ()
    drifts: tuple[Drift, ...] = ()
    note: str = ""  # never-applied, not-adopted, unknown

    @property
    def key(self) -> tuple[object, ...]:
        """Return what it means, equal for sites that differ in the same way."""
        seen = tuple((one.subject, one.kind, one.part, one.declared, one.observed) for one in self.drifts)
        return (tuple(change.key for change in self.changes), seen, self.note)

    @property
    def empty(self) -> bool:
        """Return whether nothing differs and everything is known."""
        return not (self.changes or self.drifts or self.note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Sites that differ in the same way; `like` is the first of them."""

    sites: tuple[str, ...]
    like: Difference


def groups(differences: Iterable[Difference]) -> tuple[Group, ...]:
    """Return the sites that differ, the largest group first; equal sites keep the order of their names."""
    by_key: dict[tuple[object, ...], list[Difference]] = {}
    for one in sorted(differences, key=lambda one: one.site):
        if not one.empty:
            by_key.setdefault(one.key, []).append(one)
    made = [Group(sites=tuple(one.site for one in members), like=members[0]) for members in by_key.values()]
    return tuple(sorted(made, key=lambda group: (-len(group.sites), group.sites)))


def counted(changes: Sequence[Change]) -> tuple[tuple[str, int, str], ...]:
    """Return sign, number and area of the things that change: `+`, 1, `flow`."""
    things = {(change.area, change.name, change.action) for change in changes}
    counts = Counter((action, area) for area, _name, action in things)
    order = list(_SIGNS)
    return tuple(
        (_SIGNS[action], count, area)
        for (action, area), count in sorted(counts.items(), key=lambda one: (order.index(one[0][0]), one[0][1]))
    )


def worst(changes: Sequence[Change]) -> Effect | None:
    """Return the gravest effect of the changes."""
    grave = list(Effect)
    return min((change.effect for change in changes), key=grave.index, default=None)


def sign(action: Action) -> str:
    """Return the sign of an action."""
    return _SIGNS[action]


def by_effect(changes: Sequence[Change]) -> Mapping[Effect, int]:
    """Return how many changes have each effect, the gravest first."""
    counts = Counter(change.effect for change in changes)
    return {effect: counts[effect] for effect in Effect if counts[effect]}
