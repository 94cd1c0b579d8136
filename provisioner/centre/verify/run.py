"""The order of a verification: leases first, then everything that must pass, then everything that must be dropped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from time import monotonic

from provisioner.centre.verify import blocked
from provisioner.centre.verify.listening import listening
from provisioner.centre.verify.passes import flow, lease, name, tunnel
from provisioner.centre.verify.services import service
from provisioner.centre.verify.world import World, finding
from provisioner.errors import TerangaError
from provisioner.observed.acceptance import Reason, Result
from provisioner.plan.plan import Check, CheckKind

Tell = Callable[[Result], None]

_THREADS = 48  # they wait for packets, not for a processor


def run(world: World, checks: Sequence[Check], tell: Tell) -> tuple[Result, ...]:
    """Make the checks, tell each result as it comes, return all of them sorted by check."""
    results: list[Result] = []

    def done(result: Result) -> None:
        results.append(result)
        tell(result)

    with ThreadPoolExecutor(max_workers=_THREADS) as pool:
        _all(pool, world, [check for check in checks if check.kind is CheckKind.DHCP], done)
        _all(pool, world, [check for check in checks if check.kind not in (CheckKind.DHCP, CheckKind.BLOCKED)], done)
        blocked.run([check for check in checks if check.kind is CheckKind.BLOCKED], world, pool, done)
    return tuple(sorted(results, key=lambda result: result.check))


def _all(pool: Executor, world: World, checks: Sequence[Check], done: Tell) -> None:
    for result in pool.map(lambda check: _timed(check, world), checks):
        done(result)


def _timed(check: Check, world: World) -> Result:
    started = monotonic()
    try:
        result = _one(check, world)
    except (TerangaError, TimeoutError) as error:
        return finding(check, Reason.PROBE_FAILED, str(error))
    return Result(
        check=result.check,
        outcome=result.outcome,
        reason=result.reason,
        seen=result.seen,
        milliseconds=result.milliseconds or round((monotonic() - started) * 1000, 1),
    )


def _one(check: Check, world: World) -> Result:
    plan = world.plan
    match check.kind:
        case CheckKind.FLOW:
            return flow(check, world)
        case CheckKind.DHCP:
            return lease(next(kept for kept in plan.reservations if f"{kept.zone}/{kept.name}" == check.vantage), check, world)
        case CheckKind.DNS:
            return name(check, world)
        case CheckKind.SERVICE:
            return service(next(one for one in plan.services if one.name == check.subject), check, world)
        case CheckKind.TUNNEL:
            return tunnel(next(one for one in plan.tunnels if one.id == check.subject), check, world)
        case CheckKind.LISTENING:
            return listening(check, world)
        case CheckKind.BLOCKED:
            raise AssertionError(check.id)  # made together, by `blocked.run`
