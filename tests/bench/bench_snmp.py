"""What one device costs: a GET of 19 OIDs from Debian's snmpd, against snmp_exporter's `get:`, in one run."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from provisioner import command
from provisioner.places import CHECKOUT
from tests.bench.nineteen import COLUMNS, OIDS
from tests.bench.peers import running
from tests.lab.agents import ValueAgent, value_agent

_SESSIONS, _TIMES = 200, 20
_PEER_TIMES, _PEER_PORT = 1000, 19116


def _ours(port: int) -> dict[str, float]:
    argv = [sys.executable, "-m", "tests.bench.asking", str(port), str(_SESSIONS), str(_TIMES)]
    found: dict[str, float] = json.loads(command.run(argv, command.Run(cwd=CHECKOUT, timeout=timedelta(seconds=120))).stdout)
    return found


def _peer(port: int, folder: Path) -> float:
    lines = ["nineteen:", "  version: 2", "  auth:", "    community: public", "  get:"]
    lines += [f"  - {oid}" for oid in OIDS]
    lines += ["  metrics:"]
    for number, column in enumerate(COLUMNS):
        lines += [f"  - name: column_{number}", f"    oid: {column}", "    type: gauge", "    help: A column."]
        lines += ["    indexes:", "    - labelname: index", "      type: gauge"]
    config = folder / "snmp.yml"
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    argv = ["prometheus-snmp-exporter", f"--config.file={config}", f"--web.listen-address=127.0.0.1:{_PEER_PORT}"]
    with running(argv, _PEER_PORT, folder / "log") as peer:
        place = f"/snmp?module=nineteen&target=127.0.0.1:{port}"
        peer.get([place] * 50)
        start = peer.cpu_seconds()
        peer.get([place] * _PEER_TIMES)
        return (peer.cpu_seconds() - start) / _PEER_TIMES


def _of(agent: ValueAgent, folder: Path) -> Mapping[str, float]:
    ours, peer = _ours(agent.port), _peer(agent.port, folder)
    return {
        "cpu_seconds_per_target": ours["cpu_seconds_per_target"],
        "snmp_exporter_cpu_seconds_per_target": peer,
        "snmp_exporter_to_ours_ratio": peer / ours["cpu_seconds_per_target"],
        "targets_per_second": ours["targets_per_second"],
    }


def measure() -> Mapping[str, float]:
    """Return CPU per target of both, their ratio, and our rate (bounded by the one snmpd that answers)."""
    with tempfile.TemporaryDirectory() as folder, value_agent(Path(folder) / "agent", plain=True) as agent:
        return _of(agent, Path(folder))
