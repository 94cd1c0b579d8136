"""What the exporter needs when it watches the whole country: memory, and the seconds of a scrape, at 557 and 5 000 sites."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from tests.bench.many_sites import topology
from tests.bench.peers import running
from tests.lab.agents import free_port

_SETTLE_SECONDS = 15
_PORT = 19469


def _of(sites: int) -> Mapping[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        watched, secrets = Path(folder) / "topology.json", Path(folder) / "credentials.json"
        watched.write_text(topology(sites), encoding="utf-8")
        secrets.write_text(json.dumps({"olts": {"kind": "snmp-2c", "community": "nobody", "port": free_port()}}), encoding="utf-8")
        secrets.chmod(0o600)
        argv = [sys.executable, "-m", "monitoring.main", "--topology", str(watched), "--credentials", str(secrets)]
        with running([*argv, "--listen", f"127.0.0.1:{_PORT}"], _PORT, Path(folder) / "log") as exporter:
            time.sleep(_SETTLE_SECONDS)
            times = []
            for _ in range(5):
                times.append(exporter.get(["/metrics"]))
                time.sleep(0.6)
            return {f"resident_bytes_{sites}_sites": exporter.resident_bytes(), f"scrape_seconds_{sites}_sites": min(times)}


def measure() -> Mapping[str, float]:
    """Return memory and the best of five scrapes, each of a page made anew."""
    return {**_of(557), **_of(5000)}
