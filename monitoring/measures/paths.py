"""A path is probed at its router and, where there is one, at a host behind it: routers police ICMP, so the better one counts; pure."""

from __future__ import annotations

from collections.abc import Iterable

from monitoring.observed import PathSample, PathState, Reach

_BEST_FIRST = (Reach.UP, Reach.UNKNOWN, Reach.DOWN)


def path_states(states: Iterable[PathState]) -> tuple[PathState, ...]:
    """Return one state per path: up if either host answers, unknown if one is unknown and none answers."""
    best: dict[tuple[str, str], PathState] = {}
    for state in states:
        other = best.get((state.site, state.path))
        if other is None or _BEST_FIRST.index(state.reach) < _BEST_FIRST.index(other.reach):
            best[state.site, state.path] = state
        elif other.reach is state.reach:
            # Down since both are, up since the first is.
            since = max(state.since, other.since) if state.reach is Reach.DOWN else min(state.since, other.since)
            best[state.site, state.path] = PathState(site=state.site, path=state.path, reach=state.reach, since=since, reason=other.reason)
    return tuple(best.values())


def path_samples(samples: Iterable[PathSample]) -> tuple[PathSample, ...]:
    """Return one sample per path: that of the host which lost the smaller part."""
    best: dict[tuple[str, str], PathSample] = {}
    for sample in samples:
        other = best.get((sample.site, sample.path))
        if other is None or _loss(sample) < _loss(other):
            best[sample.site, sample.path] = sample
    return tuple(best.values())


def _loss(sample: PathSample) -> float:
    return sample.lost / sample.sent if sample.sent else 1.0
