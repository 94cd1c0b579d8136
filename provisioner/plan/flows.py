"""From the templates of a profile to the flows of one site."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from provisioner.model import FlowRule
from provisioner.model.profile import EACH_GUEST, EACH_SERVICE, OWN_GATEWAY, PARTNER
from provisioner.plan.plan import Endpoint, Flow, Guest, GuestRole, Protocol

GATEWAY = "gateway"


class Ground(NamedTuple):
    """What flows can lead to at one site."""

    zones: frozenset[str]
    guests: tuple[Guest, ...]
    partner: str | None = None


class _Pair(NamedTuple):
    """The two ends of a flow and what tells it from its siblings of the same template."""

    source: Endpoint
    destination: Endpoint
    suffixes: tuple[str, ...]


def make_flows(rules: tuple[FlowRule, ...], ground: Ground) -> tuple[Flow, ...]:
    """Return the flows that the rules mean at a site, sorted by id."""
    flows = [flow for rule in rules for pair in _pairs(rule, ground) for flow in _flows(rule, pair)]
    return tuple(sorted(flows, key=lambda flow: flow.id))


def _flows(rule: FlowRule, pair: _Pair) -> Iterator[Flow]:
    """Yield one flow per protocol; the protocol is in the id only if there are several."""
    wanted = [(Protocol.TCP, rule.tcp), (Protocol.UDP, rule.udp)]
    kinds = [(protocol, ports) for protocol, ports in wanted if ports]
    if rule.icmp:
        kinds.append((Protocol.ICMP, ()))
    for protocol, ports in kinds:
        several = (protocol.value,) if len(kinds) > 1 else ()
        yield Flow(
            id="-".join((rule.id, *pair.suffixes, *several)),
            source=pair.source,
            destination=pair.destination,
            protocol=protocol,
            ports=tuple(sorted(set(ports))),
            reason=rule.reason,
            owner=rule.owner,
            expires=rule.expires,
        )


def _pairs(rule: FlowRule, ground: Ground) -> Iterator[_Pair]:
    """Yield the ends that a rule means; a zone that the site lacks is left out."""
    for source_text in rule.source:
        for source, source_suffix in _ends(source_text, len(rule.source) > 1, ground):
            for target_text in rule.destination:
                text = f"{source.zone}/{GATEWAY}" if target_text == OWN_GATEWAY else target_text
                several = len(rule.destination) > 1
                for target, target_suffix in _ends(text, several, ground):
                    yield _Pair(source, target, (*source_suffix, *target_suffix))


def _ends(text: str, several: bool, ground: Ground) -> Iterator[tuple[Endpoint, tuple[str, ...]]]:
    """Yield the endpoints of `zone`, `zone/guest` or `zone/each-...`, each with what it adds to the flow's id."""
    zone, _, selector = text.partition("/")
    if zone not in ground.zones:
        return
    of_zone = (zone,) if several else ()
    if selector in {EACH_GUEST, EACH_SERVICE}:
        for guest in ground.guests:
            if _selected(selector, guest):
                yield Endpoint(zone=zone, guest=guest.name), (*of_zone, guest.name)
    elif selector == PARTNER:
        if ground.partner:
            yield Endpoint(zone=zone, guest=ground.partner), (*of_zone, ground.partner)
    elif not selector or selector in {guest.name for guest in ground.guests}:
        yield Endpoint(zone=zone, guest=selector or None), of_zone


def _selected(selector: str, guest: Guest) -> bool:
    if selector == EACH_SERVICE:
        return guest.role not in (GuestRole.GATEWAY, GuestRole.DATABASE)
    return guest.role is not GuestRole.GATEWAY
