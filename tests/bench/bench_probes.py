"""What one probe costs: the prober at 1 114 probes a second against blackbox_exporter, both on loopback, in one run.

On loopback the true round trip is a few microseconds, so what is measured is the error. `loaded_*` is with ten busy processes.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from provisioner import command
from provisioner.places import CHECKOUT
from tests.bench.peers import running

_TARGETS, _SECONDS, _LOADED_SECONDS = 1114, 8, 6
_PEER_PROBES, _PEER_PORT = 1000, 19115
_MODULE = "modules:\n  icmp:\n    prober: icmp\n    timeout: 2s\n    icmp:\n      preferred_ip_protocol: ip4\n"


def _ours(seconds: int) -> dict[str, float]:
    argv = [sys.executable, "-m", "tests.bench.probing", str(_TARGETS), str(seconds)]
    found: dict[str, float] = json.loads(command.run(argv, command.Run(cwd=CHECKOUT, timeout=timedelta(seconds=120))).stdout)
    return found


def _blackbox() -> float:
    with tempfile.TemporaryDirectory() as folder:
        config, log = Path(folder) / "blackbox.yml", Path(folder) / "log"
        config.write_text(_MODULE, encoding="utf-8")
        argv = ["prometheus-blackbox-exporter", f"--config.file={config}", f"--web.listen-address=127.0.0.1:{_PEER_PORT}"]
        with running(argv, _PEER_PORT, log) as peer:
            places = [f"/probe?module=icmp&target=127.1.{number // 200}.{number % 200 + 1}" for number in range(_PEER_PROBES)]
            peer.get(places[:50])
            start = peer.cpu_seconds()
            peer.get(places)
            return (peer.cpu_seconds() - start) / _PEER_PROBES


@contextmanager
def _busy(processes: int) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(processes):
            process = command.start([sys.executable, "-c", "while True: pass"])
            stack.callback(command.close, process)
            stack.callback(command.end, process)
        yield


def measure() -> Mapping[str, float]:
    """Return CPU per probe of both, their ratio, what was lost, and the error of the time."""
    ours, peer = _ours(_SECONDS), _blackbox()
    with _busy(10):
        loaded = _ours(_LOADED_SECONDS)
    return {
        "cpu_seconds_per_probe": ours["cpu_seconds_per_probe"],
        "blackbox_cpu_seconds_per_probe": peer,
        "blackbox_to_ours_ratio": peer / ours["cpu_seconds_per_probe"],
        "probes_per_second": ours["probes_per_second"],
        "lost": ours["lost"],
        "rtt_error_p99_seconds": ours["rtt_p99_seconds"],
        "loaded_lost": loaded["lost"],
        "loaded_rtt_error_p99_seconds": loaded["rtt_p99_seconds"],
    }
