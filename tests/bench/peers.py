"""Programs that a bench measures: started on loopback, their CPU read from /proc, ended by their own id."""

from __future__ import annotations

import http.client
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from provisioner import command

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A running program."""

    pid: int
    port: int

    def cpu_seconds(self) -> float:
        """Return what it has used of the processor, in user and system mode."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def resident_bytes(self) -> float:
        """Return its resident memory."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return float(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))) * 1024

    def get(self, places: Sequence[str]) -> float:
        """Ask for pages over one connection and return the mean seconds of one."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        start = time.perf_counter()
        try:
            for place in places:
                connection.request("GET", place)
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200:
                    raise RuntimeError(f"{place}: {answer.status} {body[:200]!r}")
        finally:
            connection.close()
        return (time.perf_counter() - start) / len(places)


@contextmanager
def running(argv: Sequence[str | Path], port: int, log: Path) -> Iterator[Peer]:
    """Yield a program once its port answers."""
    with log.open("w", encoding="utf-8") as told:
        process = command.start(argv, command.Run(cwd=Path.cwd()), stdout=told, stderr=told)
        try:
            _wait(port, log)
            yield Peer(pid=process.pid, port=port)
        finally:
            command.end(process)
            command.close(process)


def _wait(port: int, log: Path) -> None:
    until = time.monotonic() + 30
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/-/healthy")
            connection.getresponse().read()
        except OSError:
            if time.monotonic() > until:
                raise RuntimeError(log.read_text(encoding="utf-8")) from None
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()
