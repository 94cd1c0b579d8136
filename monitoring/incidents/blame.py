"""The smallest set of failed segments that explains every path that is down and blames none that carries a path that is up.

A minimum hitting set, solved exactly: reductions that are linear in the input shrink it, branch and bound does the rest.
Segments are bits of an integer, so that a path is one number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_MOST_BRANCHES = 4000  # far beyond what rings and trees need; then the greedy answer stands, marked as such


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """Segments of which one failed: more than one where no observation tells them apart (`bits`, one bit each)."""

    bits: int
    unique: bool  # no other set of the same size explains as much without it

    def numbers(self) -> tuple[int, ...]:
        """Return the segments' numbers, lowest first."""
        return tuple(_numbers(self.bits))


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """Who failed. `unexplained` are the positions of paths whose every segment carries something that is up."""

    suspects: tuple[Suspect, ...]
    unexplained: tuple[int, ...]
    exact: bool


def blame(down: Sequence[int], good: int, weights: Sequence[float]) -> Blame:
    """Return who failed, given each down path's segments, the segments in use, and each segment's weight (km) for ties."""
    left = [path & ~good for path in down]
    unexplained = tuple(position for position, path in enumerate(left) if not path)
    sets = {path for path in left if path}
    chosen, exact = _smallest(sets, weights)
    suspects = []
    for number in chosen:
        twins = _twins(number, sets)
        unique = exact and _needed(twins, sets, len(chosen), weights)
        suspects.append(Suspect(bits=twins, unique=unique))
    return Blame(suspects=tuple(suspects), unexplained=unexplained, exact=exact)


def _numbers(bits: int) -> Iterator[int]:
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def _twins(number: int, sets: Iterable[int]) -> int:
    """Return the segments that lie on exactly the same down paths."""
    bit = 1 << number
    common = -1
    for path in sets:
        if path & bit:
            common &= path
    without = 0
    for path in sets:
        if not path & bit:
            without |= path
    return common & ~without


def _needed(twins: int, sets: set[int], size: int, weights: Sequence[float]) -> bool:
    """Tell whether every explanation of this size blames one of these twins."""
    others = {path & ~twins for path in sets}
    if 0 in others:
        return True
    chosen, exact = _smallest(others, weights)
    return exact and len(chosen) > size


def _smallest(sets: set[int], weights: Sequence[float]) -> tuple[tuple[int, ...], bool]:
    """Return a smallest hitting set, and whether it is certain that none is smaller."""
    forced, core = _reduced(sets, weights)
    found, exact = [*forced], True
    for part in _parts(core):
        search = _Search(part, weights)
        found += _numbers(search.best)
        exact = exact and not search.gave_up
    return tuple(sorted(found)), exact


def _reduced(sets: set[int], weights: Sequence[float]) -> tuple[list[int], set[int]]:
    """Return the segments that are forced and what is left when nothing more can be dropped."""
    forced: list[int] = []
    while True:
        kept = _without_dominated(sets, weights)
        sets = {path & kept for path in sets}
        single = 0
        for path in sets:
            if path & (path - 1) == 0:
                single |= path
        if not single:
            smaller = _without_supersets(sets)
            if len(smaller) == len(sets):
                return forced, sets
            sets = smaller
            continue
        forced += _numbers(single)
        sets = {path for path in sets if not path & single}
        if not sets:
            return forced, sets


def _without_dominated(sets: set[int], weights: Sequence[float]) -> int:
    """Return the segments worth a look: one that lies on all the paths of another makes the other superfluous."""
    common: dict[int, int] = {}
    for path in sets:
        for number in _numbers(path):
            common[number] = common.get(number, path) & path
    kept = 0
    for number, shared in common.items():
        others = shared & ~(1 << number)
        if not any(_beats(other, number, common, weights) for other in _numbers(others)):
            kept |= 1 << number
    return kept


def _beats(other: int, number: int, common: dict[int, int], weights: Sequence[float]) -> bool:
    """Tell whether `other`, on all the paths of `number`, is on more of them, or on as many and comes first."""
    if not common[other] >> number & 1:
        return True
    return (-weights[other], other) < (-weights[number], number)


def _without_supersets(sets: set[int]) -> set[int]:
    kept: list[int] = []
    for path in sorted(sets, key=lambda one: (one.bit_count(), one)):
        if not any(small & path == small for small in kept):
            kept.append(path)
    return set(kept)


def _parts(sets: set[int]) -> list[list[int]]:
    """Return the paths in groups that share no segment: each is solved alone."""
    groups: list[tuple[int, list[int]]] = []
    for path in sorted(sets):
        bits, members, apart = path, [path], []
        for known, others in groups:
            if known & bits:
                bits |= known
                members += others
            else:
                apart.append((known, others))
        groups = [*apart, (bits, members)]
    return [members for _, members in groups]


class _Search:
    """Branch and bound over one group: branch on the shortest path that is not explained yet."""

    def __init__(self, sets: Sequence[int], weights: Sequence[float]) -> None:
        self._weights = weights
        self._budget = _MOST_BRANCHES
        self.best = self._greedy(sets)
        self._size = self.best.bit_count()
        self._branch(tuple(sets), 0, 0, 0)
        self.gave_up = self._budget <= 0

    def _greedy(self, sets: Sequence[int]) -> int:
        chosen, left = 0, list(sets)
        while left:
            chosen |= 1 << self._ranked(left)[0]
            left = [path for path in left if not path & chosen]
        return chosen

    def _ranked(self, sets: Sequence[int], among: int = -1) -> list[int]:
        """Return segments, that on most paths first, then the heaviest."""
        count: dict[int, int] = {}
        for path in sets:
            for number in _numbers(path & among):
                count[number] = count.get(number, 0) + 1
        return sorted(count, key=lambda number: (-count[number], -self._weights[number], number))

    def _bound(self, sets: Sequence[int]) -> int:
        """Return how many paths are pairwise disjoint: each needs a segment of its own."""
        taken, count = 0, 0
        for path in sorted(sets, key=int.bit_count):
            if not path & taken:
                taken |= path
                count += 1
        return count

    def _branch(self, sets: tuple[int, ...], chosen: int, size: int, banned: int) -> None:
        if not sets:
            if size < self._size:
                self.best, self._size = chosen, size
            return
        self._budget -= 1
        if self._budget <= 0 or size + self._bound(sets) >= self._size:
            return
        shortest = min(sets, key=int.bit_count)
        for number in self._ranked(sets, shortest):
            bit = 1 << number
            left = tuple(path & ~banned for path in sets if not path & bit)
            if 0 not in left:
                self._branch(left, chosen | bit, size + 1, banned)
            banned |= bit
