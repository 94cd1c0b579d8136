"""`teranga-exporter`: probes and asks on its own schedule, serves the last snapshot."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import FrameType

from monitoring import families, topology_file
from monitoring.blocks.probes import ProbeBlocks
from monitoring.exposition import Block, block
from monitoring.measures.echo_socket import EchoSocket
from monitoring.measures.prober import Pace, Prober
from monitoring.problems import ProblemsError
from monitoring.snapshot import Pages
from monitoring.targets import probe_targets
from monitoring.topology import Topology
from monitoring.watch import Watched
from monitoring.web import Server, metrics_route, plain

log = logging.getLogger(__name__)

_PORT = 9469
_LOOK_SECONDS = 2.0  # how often the topology's file is looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says."""

    topology: Path
    listen: tuple[str, int] = ("127.0.0.1", _PORT)
    interval: float = 1.0


def version() -> str:
    """Return the version of the installed wheel, or that of a checkout."""
    try:
        return metadata.version("teranga-monitoring")
    except metadata.PackageNotFoundError:
        return "checkout"


class Exporter:
    """All parts together, from `start` to `stop`."""

    def __init__(self, options: Options) -> None:
        """Read the topology, open the socket and the port. Raises ProblemsError, OSError."""
        self._topology: Watched[Topology] = Watched(options.topology, topology_file.load)
        self._prober = Prober(EchoSocket(), Pace(interval=options.interval))
        self._prober.load(probe_targets(self._topology.value))
        self.pages = Pages((ProbeBlocks(self._prober), self._topology, self._build))
        routes = {"/metrics": metrics_route(self.pages), "/-/healthy": lambda _: plain("ok"), "/-/ready": lambda _: plain("ok")}
        self._server = Server(options.listen, routes)
        self.port = self._server.port
        self._ended = threading.Event()
        self._asked_again = threading.Event()

    def _build(self) -> Iterator[Block]:
        yield block(families.BUILD_INFO, {(version(), self._topology.value.rendered_from): 1})

    def start(self) -> None:
        """Begin to probe and to serve."""
        self._prober.start()
        self._server.start()
        log.info("serving port %d, %d sites watched", self.port, len(self._topology.value.sites))

    def run(self) -> None:
        """Follow the topology's file until `end` is called."""
        while not self._ended.is_set():
            forced = self._asked_again.is_set()
            self._asked_again.clear()
            if self._topology.again(forced=forced):
                self._prober.load(probe_targets(self._topology.value))
            self._ended.wait(_LOOK_SECONDS)

    def reload(self) -> None:
        """Have the topology read anew soon, changed or not."""
        self._asked_again.set()

    def end(self) -> None:
        """Make `run` return."""
        self._ended.set()

    def stop(self) -> None:
        """Stop every part."""
        self._server.stop()
        self._prober.stop()


def _options(argv: list[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="teranga-exporter", description="Watches fibre and sites; serves Prometheus metrics.")
    parser.add_argument("--topology", type=Path, required=True, help="the file of what is watched")
    parser.add_argument("--listen", default=f"127.0.0.1:{_PORT}", metavar="ADDRESS:PORT", help="where to serve (default: %(default)s)")
    parser.add_argument(
        "--interval", type=float, default=1.0, metavar="SECONDS", help="between two probes of a path (default: %(default)s)"
    )
    parser.add_argument("--version", action="version", version=version())
    asked = parser.parse_args(argv)
    host, _, port = str(asked.listen).rpartition(":")
    if not port.isdigit():
        parser.error(f"--listen {asked.listen}: ADDRESS:PORT was expected")
    return Options(topology=asked.topology, listen=(host, int(port)), interval=asked.interval)


def main(argv: list[str] | None = None) -> int:
    """Run until a signal; return the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    options = _options(argv)
    try:
        exporter = Exporter(options)
    except ProblemsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except PermissionError as error:
        sys.stderr.write(f"raw socket: {error.strerror} (hint: run with CAP_NET_RAW)\n")
        return 3
    except OSError as error:
        sys.stderr.write(f"{options.listen[0]}:{options.listen[1]}: {error.strerror} (hint: --listen another ADDRESS:PORT)\n")
        return 3

    def end(_number: int, _frame: FrameType | None) -> None:
        exporter.end()

    def again(_number: int, _frame: FrameType | None) -> None:
        exporter.reload()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGHUP, again)
    exporter.start()
    exporter.run()
    exporter.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
