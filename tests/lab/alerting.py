"""A real Prometheus and a real Alertmanager on loopback, with our rules in a shorter time, and a count of what is sent."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import yaml

from provisioner import command
from provisioner.places import CHECKOUT

RULES = CHECKOUT / "monitoring" / "rules"
ALERTMANAGER = Path("/usr/bin/prometheus-alertmanager")
PROMETHEUS = Path("/usr/bin/prometheus")
SHORTER = 30  # times: 45 s become 1.5 s
CHILDREN = 70
SUPPRESSION = "unless on (site) (max_over_time(site:explained:max[10m]) == 1)"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def shortened(text: str) -> str:
    """Return rules with every time divided: `for`, `keep_firing_for` and the windows of ranges."""

    def less(found: re.Match[str]) -> str:
        seconds = int(found[2]) * _SECONDS[found[3]] / SHORTER
        return f"{found[1]}{max(1000, round(seconds * 1000))}ms"

    return re.sub(r"((?:for: |\[))(\d+)([smhd])\b", less, text)


@dataclass(slots=True)
class Country:
    """Two poles of 70 sites, each behind one segment; what its page says can be changed at any time."""

    children_up: dict[str, bool] = field(default_factory=lambda: {"p": True, "q": True})
    segment_up: dict[str, bool] = field(default_factory=lambda: {"p": True, "q": True})

    def page(self) -> bytes:
        """Return the exporter's page."""
        lines = []
        for pole in ("p", "q"):
            lines.append(f'fibre_segment_up{{segment="entry-{pole}"}} {int(self.segment_up[pole])}')
            for number in range(CHILDREN):
                site = f'site="{pole}-{number}"'
                lines.append(f'noc_site_info{{{site},pole="{pole}",kind="centre",tier="2"}} 1')
                for path in ("dakar", "diamniadio"):
                    lines.append(f'site_up{{{site},path="{path}"}} {int(self.children_up[pole])}')
                    lines.append(f'noc_site_path_segment_info{{{site},path="{path}",segment="entry-{pole}"}} 1')
        return ("\n".join(lines) + "\n").encode()


@dataclass(slots=True)
class Received:
    """Notifications that Alertmanager sent, by segment or alert and whether they said resolved."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    alerts: list[str] = field(default_factory=list)

    def note(self, body: bytes) -> None:
        """Count one notification."""
        told = json.loads(body)
        labels = told["groupLabels"]
        self.counts[str(labels.get("segment") or labels.get("pole") or "?"), str(told["status"])] += 1
        self.alerts += [f"{one['labels']['alertname']} {one['status']}" for one in told["alerts"]]


class _Handler(BaseHTTPRequestHandler):
    country: ClassVar[Country]
    received: ClassVar[Received]

    def do_GET(self) -> None:
        body = self.country.page()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.received.note(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def alerting(folder: Path, *, suppressed: bool = True) -> Iterator[tuple[Country, Received]]:
    """Yield the country and what was received, once both daemons are ready; they end with the block."""
    country, received = Country(), Received()
    handler = type("Handler", (_Handler,), {"country": country, "received": received})
    with ExitStack() as stack:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        stack.callback(server.server_close)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.shutdown)
        prometheus, alertmanager = _port(), _port()
        _write(folder, server.server_port, alertmanager, suppressed=suppressed)
        for argv in (_alertmanager(folder, alertmanager), _prometheus(folder, prometheus)):
            process = command.start(argv)
            stack.callback(command.end, process)
        for port in (alertmanager, prometheus):
            _ready(port)
        yield country, received


def _alertmanager(folder: Path, port: int) -> list[str]:
    store = [f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/am", "--cluster.listen-address="]
    return [str(ALERTMANAGER), *store, f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]


def _prometheus(folder: Path, port: int) -> list[str]:
    store = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb", "--rules.alert.resend-delay=1s"]
    return [str(PROMETHEUS), *store, f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]


def _write(folder: Path, page_port: int, alertmanager_port: int, *, suppressed: bool) -> None:
    for name in ("recording.yml", "alerts.yml"):
        text = (RULES / name).read_text(encoding="utf-8")
        (folder / name).write_text(shortened(text if suppressed else text.replace(SUPPRESSION, "")), encoding="utf-8")
    prometheus = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(folder / "recording.yml"), str(folder / "alerts.yml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager_port}"]}]}]},
        "scrape_configs": [
            {"job_name": "country", "honor_labels": True, "static_configs": [{"targets": [f"127.0.0.1:{page_port}"]}]},
        ],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(prometheus), encoding="utf-8")
    routing = yaml.safe_load((RULES / "alertmanager.yml").read_text(encoding="utf-8"))
    routing["route"] |= {"group_wait": "1s", "group_interval": "2s", "group_by": [*routing["route"]["group_by"], "site"]}
    routing["receivers"] = [
        {"name": "noc", "webhook_configs": [{"url": f"http://127.0.0.1:{page_port}/", "send_resolved": True}]},
        {"name": "digest"},
        {"name": "dead-man"},
    ]
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(routing), encoding="utf-8")


def _ready(port: int, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            if time.monotonic() > end:
                raise
        time.sleep(0.1)


def cut_and_mended(country: Country, *, between: float = 1.5, lasts: float = 8.0, after: float = 17.0) -> None:
    """Cut both poles: in p the segment is told first and is back first, in q its children are and they are back last."""
    country.segment_up["p"] = country.children_up["q"] = False
    time.sleep(between)
    country.children_up["p"] = country.segment_up["q"] = False
    time.sleep(lasts)
    country.segment_up = {"p": True, "q": True}
    time.sleep(between)
    country.children_up = {"p": True, "q": True}
    time.sleep(after)
