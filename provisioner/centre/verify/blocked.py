"""Checks that must be dropped.

Silence alone proves nothing: the target was reached from its own zone first, and the gateway's drop counter rises by
at least the packets that were sent.

All probes of one protocol are in flight together; the counters are read before and after each protocol, so that a
repeated packet of one cannot hide a missing packet of another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from ipaddress import IPv4Address

from provisioner.centre.verify.ports import Answer, Place, Session, Value, WhereAbouts
from provisioner.centre.verify.world import World, finding, place_of, probe, told, untested
from provisioner.errors import OutsideError
from provisioner.observed.acceptance import Outcome, Reason, Result
from provisioner.plan.plan import Check, Protocol

_PATIENCE = 30.0
_SECONDS = 0.9  # below the first retransmission of a SYN (1 s, RFC 6298): one packet each
_MANAGEMENT = "management"
_GATEWAY = "gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A forbidden probe whose target is known to answer in its own zone."""

    check: Check
    session: Session
    source: WhereAbouts
    address: IPv4Address


def run(checks: Sequence[Check], world: World, pool: Executor, done: Callable[[Result], None]) -> None:
    """Make the checks, protocol by protocol, and hand over each result."""
    for protocol in Protocol:
        _run(tuple(check for check in checks if check.protocol is protocol), world, pool, done)


def _run(checks: tuple[Check, ...], world: World, pool: Executor, done: Callable[[Result], None]) -> None:
    prepared = tuple(pool.map(lambda check: _prepare(check, world), checks))
    for result in prepared:
        if isinstance(result, Result):
            done(result)
    ready = tuple(one for one in prepared if isinstance(one, Ready))
    if not ready:
        return
    try:
        before = world.gateway.drops()
        sent = [(one, _send(one)) for one in ready]
        answers = [(one, future.result(_PATIENCE)) for one, future in sent]
        after = world.gateway.drops()
    except OutsideError as error:
        for one in ready:
            done(finding(one.check, Reason.COUNTER_UNREAD, error.problems[0].what))
        return
    names = {one.check.id: counter(one.check, before) for one in ready}
    expected = Counter(names.values())
    for one, answer in answers:
        name = names[one.check.id]
        rise = after.get(name, 0) - before.get(name, 0)
        done(_judge(one, answer, f"{name} +{rise}/{expected[name]}", dropped=rise >= expected[name]))


def counter(check: Check, drops: Mapping[str, int]) -> str:
    """Return the counter that must rise: the pair's own, else the chain's."""
    target = _GATEWAY if check.target.guest else check.target.zone
    own = f"drop_{check.vantage}_{target}".replace("-", "_")
    by_spelling = {name.replace("-", "_"): name for name in drops}
    return by_spelling.get(own, "input_drop" if check.target.guest else "forward_drop")


def _prepare(check: Check, world: World) -> Ready | Result:
    if check.vantage == "vpn" and check.target.zone == "wan":
        return untested(check, Reason.NO_ROUTE_BY_DESIGN, "AllowedIPs")
    place = place_of(check.vantage)
    session, source = world.vantages.session(place), world.vantages.whereabouts(place)
    if session is None or source is None:
        return untested(check, Reason.NO_VANTAGE, check.vantage)
    address = world.address(check)
    if address is None:
        return untested(check, Reason.NO_VANTAGE, check.target.zone)
    if (dead := _proved_alive(check, world)) is not None:
        return dead
    return Ready(check=check, session=session, source=source, address=address)


def _proved_alive(check: Check, world: World) -> Result | None:
    """Return a finding unless the target answers a client of its own zone."""
    if check.target.guest:
        return _gateway_alive(check, world)
    place, key = Place(check.target.zone), ""
    if world.vantages.session(place) is None or world.vantages.session(Place(check.target.zone, "", 1)) is None:
        return untested(check, Reason.NO_VANTAGE, check.target.zone)
    if check.protocol is not None and check.protocol is not Protocol.ICMP:
        listener = world.listener(place, check.protocol, check.port or 0)
        if listener is None or listener.error:
            return finding(check, Reason.LISTENER_DEAD, listener.error if listener else str(place))
        key = listener.key
    why = world.reached(place, check.protocol or Protocol.ICMP, check.port, key)
    return finding(check, Reason.LISTENER_DEAD, why) if why else None


def _gateway_alive(check: Check, world: World) -> Result | None:
    """The gateway answers pings and SSH in `management`, by declared flows."""
    session = world.vantages.session(Place(_MANAGEMENT))
    home = next((zone.gateway for zone in world.plan.zones if zone.name == _MANAGEMENT), None)
    if session is None or home is None or check.protocol is None:
        return untested(check, Reason.NO_VANTAGE, _MANAGEMENT)
    answer = probe(session, check.protocol, home, check.port)
    return None if answer["outcome"] == "answered" else finding(check, Reason.LISTENER_DEAD, f"{_MANAGEMENT} -> {home}: {told(answer)}")


def _send(one: Ready) -> Future[Answer]:
    protocol = one.check.protocol or Protocol.ICMP
    values: dict[str, Value] = {"address": str(one.address), "port": one.check.port or 0, "timeout": _SECONDS, "tries": 1}
    if one.source.inject:
        return one.session.ask("raw", **values, protocol=protocol.value, source=str(one.source.address), interface=one.source.inject)
    return one.session.ask(protocol.value, **values)


def _judge(one: Ready, answer: Answer, counted: str, *, dropped: bool) -> Result:
    seen = f"{one.source.address} -> {one.address}" + (f":{one.check.port}" if one.check.port else "") + f" {counted}"
    match str(answer["outcome"]):
        case "silent" if dropped:
            outcome, reason = Outcome.PASSED, Reason.DROPPED
        case "silent":
            outcome, reason = Outcome.FAILED, Reason.COUNTER_STILL
        case "answered" | "stranger" | "refused":
            outcome, reason = Outcome.FAILED, Reason.LET_THROUGH
        case _:
            outcome, reason, seen = Outcome.FAILED, Reason.UNREACHABLE, f"{seen} {told(answer)}"
    return Result(check=one.check.id, outcome=outcome, reason=reason, seen=seen, milliseconds=float(str(answer.get("ms", 0.0))))
