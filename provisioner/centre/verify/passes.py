"""Checks that must be answered: declared flows, leases, names, the tunnel."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv4Address

from provisioner.centre.verify.ports import Handshake, Place, Session
from provisioner.centre.verify.world import World, finding, judged, passed, place_of, probe, untested
from provisioner.errors import OutsideError
from provisioner.observed.acceptance import Outcome, Reason, Result
from provisioner.plan.plan import Check, Protocol, Reservation, Tunnel

_PATIENCE = 30.0
_DNS, _DHCP = 53, 67
_TUNNEL_TRIES = 5  # a first handshake that was lost is tried again after 5 s (WireGuard's Rekey-Timeout)
_FRESH = timedelta(seconds=180)  # WireGuard's Reject-After-Time


def flow(check: Check, world: World) -> Result:
    """Use a declared flow, from a client in its source to the guest's own service or to a listener of the zone."""
    session, address = world.vantages.session(place_of(check.vantage)), world.address(check)
    if session is None or address is None:
        return untested(check, Reason.NO_VANTAGE, check.vantage if session is None else check.target.zone)
    host = next((host.name for host in world.plan.hosts if host.name == check.target.guest), "")
    if check.target.guest and not host:
        return _to_guest(check, world, session, address)
    if check.protocol is None or check.protocol is Protocol.ICMP:
        return judged(check, probe(session, Protocol.ICMP, address, None), str(address))
    listener = world.listener(Place(check.target.zone, host), check.protocol, check.port or 0)
    if listener is None:
        return untested(check, Reason.NO_VANTAGE, check.target.zone)
    if listener.error:
        return finding(check, Reason.LISTENER_DEAD, listener.error)
    answer = probe(session, check.protocol, listener.address, check.port, listener.key)
    return judged(check, answer, f"{listener.address}:{check.port}")


def _to_guest(check: Check, world: World, session: Session, address: IPv4Address) -> Result:
    """Use a guest's own service; UDP needs a client that knows the protocol."""
    match check.protocol:
        case Protocol.ICMP | None:
            return judged(check, probe(session, Protocol.ICMP, address, None), str(address))
        case Protocol.TCP:
            return judged(check, probe(session, Protocol.TCP, address, check.port), f"{address}:{check.port}")
        case Protocol.UDP:
            return _udp_to_guest(check, world, session, address)


def _udp_to_guest(check: Check, world: World, session: Session, address: IPv4Address) -> Result:
    if check.port == _DNS:
        name = f"gateway.{world.plan.domain}"
        answer = session.ask("dns", server=str(address), name=name, timeout=1.0, tries=2).result(_PATIENCE)
        return judged(check, answer, f"{address} {name}")
    if check.port == _DHCP:
        answer = session.ask("dhcp", mac=_hardware(world, check.target.zone), timeout=3.0, tries=2).result(_PATIENCE)
        return judged(check, answer, "DHCPOFFER" if answer["outcome"] == "answered" else "")
    if check.port in {tunnel.port for tunnel in world.plan.tunnels}:
        return _any_handshake(check, world)
    return untested(check, Reason.NO_CLIENT, f"udp/{check.port}")


def _hardware(world: World, zone: str) -> str:
    """Return a reserved device's hardware address, else one of our own, locally administered."""
    reserved = (kept.mac for kept in world.plan.reservations if kept.zone == zone)
    return next(reserved, "02:54:ff:ff:ff:fe")


def lease(reservation: Reservation, check: Check, world: World) -> Result:
    """Let a real client ask for its address: exactly the reserved one passes."""
    if world.vantages.whereabouts(place_of(check.vantage)) is None:
        return untested(check, Reason.NO_VANTAGE, check.vantage)
    try:
        got = world.vantages.lease(reservation)
    except OutsideError as error:
        return finding(check, Reason.NO_LEASE, error.problems[0].what)
    world.leases[f"{reservation.zone}/{reservation.name}"] = got
    seen = f"{reservation.mac} {got}"
    return (
        passed(check, Reason.LEASED, seen)
        if got == reservation.address
        else finding(check, Reason.WRONG_ADDRESS, f"{seen} != {reservation.address}")
    )


def name(check: Check, world: World) -> Result:
    """Ask the zone's DNS for a record."""
    session = world.vantages.session(place_of(check.vantage))
    if session is None:
        return untested(check, Reason.NO_VANTAGE, check.vantage)
    answer = session.ask("dns", server=str(check.address), name=check.subject, timeout=1.0, tries=2).result(_PATIENCE)
    result = judged(check, answer, f"{check.address} {check.subject}")
    if result.outcome is not Outcome.PASSED:
        return result
    if answer["addresses"] != [check.expected]:
        return finding(check, Reason.WRONG_RECORD, f"{check.subject}: {answer['addresses']} code {answer['code']}, {check.expected}")
    return passed(check, Reason.RESOLVED, f"{check.subject} {check.expected}")


def _any_handshake(check: Check, world: World) -> Result:
    try:
        ages = [seen.age for seen in world.gateway.handshakes() if seen.age is not None]
    except OutsideError as error:
        return finding(check, Reason.UNREADABLE, str(error))
    if ages and min(ages) <= _FRESH:
        return passed(check, Reason.TUNNEL_UP, f"{min(ages).total_seconds():.0f} s")
    return finding(check, Reason.NO_HANDSHAKE, f"udp/{check.port}")


def tunnel(subject: Tunnel, check: Check, world: World) -> Result:
    """Ping through a tunnel, then demand a handshake younger than WireGuard's own limit."""
    session, address = world.vantages.session(place_of(check.vantage)), world.address(check)
    if session is None or address is None:
        return untested(check, Reason.NO_VANTAGE, check.vantage)
    answer = session.ask("icmp", address=str(address), timeout=1.5, tries=_TUNNEL_TRIES).result(_PATIENCE)
    echoed = judged(check, answer, f"{subject.id} {address}")
    if echoed.outcome is not Outcome.PASSED:
        return echoed
    try:
        peers = world.gateway.handshakes()
    except OutsideError as error:
        return finding(check, Reason.UNREADABLE, str(error))
    peer = next((seen for seen in peers if any(address in prefix for prefix in seen.allowed)), None)
    return _judge_handshake(check, peer, f"{subject.id} {address}")


def _judge_handshake(check: Check, peer: Handshake | None, seen: str) -> Result:
    if peer is None or peer.age is None or peer.age > _FRESH:
        age = "-" if peer is None or peer.age is None else f"{peer.age.total_seconds():.0f} s"
        return finding(check, Reason.NO_HANDSHAKE, f"{seen} {age}")
    return passed(check, Reason.TUNNEL_UP, f"{seen} {peer.age.total_seconds():.0f} s")
