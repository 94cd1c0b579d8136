"""What shows only in the whole plan: flows whose templates expand to the same id or to the same packets."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.errors import Problem
from provisioner.plan.plan import Endpoint, Flow, Plan, Protocol

_Packet = tuple[Endpoint, Endpoint, Protocol, int | None]


def incoherences(plan: Plan) -> Iterator[Problem]:
    """Yield each flow that repeats the id or permits the packets of another one."""
    where = f"profiles/{plan.profile}.yml: {plan.site}"
    ids: set[str] = set()
    packets: dict[_Packet, str] = {}
    for flow in plan.flows:
        if flow.id in ids:
            yield Problem(where=where, what=f"two flows have the id {flow.id}", hint="rename one of their templates")
        ids.add(flow.id)
        others = sorted({packets[packet] for packet in _packets(flow) if packet in packets} - {flow.id})
        if others:
            what = f"flow {flow.id} permits what {others[0]} permits"
            yield Problem(where=where, what=what, hint="keep one of them")
        packets.update({packet: flow.id for packet in _packets(flow) if packet not in packets})


def _packets(flow: Flow) -> Iterator[_Packet]:
    for port in flow.ports or (None,):
        yield flow.source, flow.destination, flow.protocol, port
