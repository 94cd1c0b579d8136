"""Which segments failed now, and who is behind them: the blame, turned from numbers into names."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from monitoring.incidents.blame import Suspect, blame
from monitoring.incidents.finding import Failure
from monitoring.incidents.index import Index, PathKey
from monitoring.incidents.view import View
from monitoring.observed import Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """The failures of one moment. `unexplained` paths are down though every segment of theirs carries something."""

    failures: tuple[Failure, ...]
    in_use: int
    unexplained: tuple[PathKey, ...]


def failures_of(index: Index, view: View, excluded: Collection[str], remembered: Collection[tuple[str, ...]]) -> Failures:
    """Return the smallest explanation that keeps what was blamed before and is not in use now.

    `excluded` sites are explained otherwise (power); `remembered` are the segments of earlier, settled failures.
    """
    in_use = in_use_of(index, view)
    down = [key for key, bits in index.bits.items() if bits and key[0] not in excluded and view.fell(key) is not None]
    kept = [bits for names in remembered if (bits := index.of(names) & ~in_use)]
    left = [key for key in down if not any(index.bits[key] & bits == bits for bits in kept)]
    found = blame([index.bits[key] for key in left], in_use, index.lengths)
    failures = [_failure(index, view, suspect, down, left) for suspect in found.suspects]
    older = [bits for bits in dict.fromkeys(kept) if not any(suspect.bits & bits for suspect in found.suspects)]  # else narrowed anew
    failures += [_failure(index, view, Suspect(bits=bits, unique=True), down, down) for bits in older]
    return Failures(
        failures=tuple(failure for failure in failures if failure is not None),
        in_use=in_use,
        unexplained=tuple(left[position] for position in found.unexplained),
    )


def in_use_of(index: Index, view: View) -> int:
    """Return the segments that carry a path that is up, as bits."""
    found = 0
    for key, path in view.paths.items():
        if path.reach is Reach.UP and key not in view.detours:
            found |= index.bits.get(key, 0)
    return found


def _failure(index: Index, view: View, suspect: Suspect, down: list[PathKey], fresh: list[PathKey]) -> Failure | None:
    """Return who is behind a suspect; None if nobody is (a remembered one whose sites are unknown or explained otherwise).

    `fresh` paths tell when it began: those that an older failure explains fell with that one.
    """
    behind = [key for key in down if index.bits[key] & suspect.bits]
    moments = [fell for key in fresh if index.bits[key] & suspect.bits and (fell := view.fell(key)) is not None]
    if not moments:
        return None
    touched = {site for site, _ in behind}
    dark = {site for site in touched if site in view.dark}
    numbers = suspect.numbers()
    return Failure(
        segments=tuple(index.segments[number] for number in sorted(numbers, key=lambda one: (-index.lengths[one], one))),
        either=len(numbers) > 1,
        unique=suspect.unique,
        dark=tuple(sorted(dark)),
        weakened=tuple(sorted(touched - dark)),
        began=min(moments),
        latest=max(moments),
    )
