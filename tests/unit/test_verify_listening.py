"""Listening sockets against the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from provisioner.centre.verify.listening import Socket, listening, parse
from provisioner.centre.verify.namespaces import NamespaceVantages
from provisioner.centre.verify.world import World
from provisioner.observed.acceptance import Outcome, Reason
from provisioner.plan.plan import Check, CheckKind, Endpoint
from tests.lab.packets import NamespaceGateway, plan

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
SSH = "   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1100 1\n"
LOCAL = "   1: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1101 1\n"
TALK = "   2: 0B01410A:0016 FA00410A:9C40 01 00000000:00000000 00:00000000 00000000     0        0 1102 1\n"
TELNET = "   3: 00000000:0017 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1103 1\n"
SSH6 = "   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 1104 1\n"
MAPPED = "   1: 0000000000000000FFFF00000100007F:0035 00000000000000000000000000000000:0000 07 0:0 00:0 0 0 0 1105 1\n"
QUERY = "   4: 00000000:C350 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1106 1\n"
CHECK = Check(
    id="listening/web",
    kind=CheckKind.LISTENING,
    vantage="agent",
    target=Endpoint(zone="servers", guest="web"),
    address=None,
    subject="web",
    expected="tcp/22",
)


@dataclass
class Files:
    """A fake agent: each reading of a table takes the next of its texts."""

    tables: Mapping[str, list[str]]
    read: list[str] = field(default_factory=list)

    def read_file(self, guest: str, path: str) -> str:
        self.read.append(f"{guest}:{path}")
        texts = self.tables.get(path.rpartition("/")[2], [HEAD])
        return texts.pop(0) if len(texts) > 1 else texts[0]


def _world(agent: Files) -> World:
    return World(plan=plan(), vantages=NamespaceVantages(spots={}), gateway=NamespaceGateway(), agent=agent, ca="")


def test_a_table_yields_what_waits_for_strangers_only() -> None:
    assert parse("tcp", HEAD + SSH + LOCAL + TALK) == (Socket("tcp", 22, "0.0.0.0", 1100), Socket("tcp", 5432, "127.0.0.1", 1101))


def test_addresses_of_both_families_are_read() -> None:
    (found,) = parse("tcp6", HEAD + SSH6)
    (mapped,) = parse("udp6", HEAD + MAPPED)

    assert (found.address, found.loopback) == ("::", False)
    assert (mapped.port, mapped.loopback) == (53, True)


def test_known_ports_and_the_guests_own_loopback_pass() -> None:
    result = listening(CHECK, _world(Files({"tcp": [HEAD + SSH + LOCAL]})), wait=lambda _: None)

    assert (result.outcome, result.seen) == (Outcome.PASSED, "tcp/22 (127.0.0.1: 1)")


def test_an_unknown_port_is_named() -> None:
    result = listening(CHECK, _world(Files({"tcp": [HEAD + SSH + TELNET]})), wait=lambda _: None)

    assert (result.reason, result.seen) == (Reason.UNKNOWN_PORTS, "tcp/23 (0.0.0.0)")


def test_a_socket_that_only_waits_for_one_answer_is_not_a_listener() -> None:
    waited: list[float] = []

    result = listening(CHECK, _world(Files({"tcp": [HEAD + SSH], "udp": [HEAD + QUERY, HEAD]})), wait=waited.append)

    assert (result.outcome, len(waited)) == (Outcome.PASSED, 1)


@pytest.mark.parametrize("table", ["tcp", "tcp6", "udp", "udp6"])
def test_every_table_of_process_one_is_read(table: str) -> None:
    agent = Files({})

    listening(CHECK, _world(agent), wait=lambda _: None)

    assert f"web:/proc/1/net/{table}" in agent.read
