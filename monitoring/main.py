"""`teranga-exporter`: the command line and the signals of the exporter."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from types import FrameType

from monitoring.exporter import PORT, Exporter, Options, version
from monitoring.measures.prober import Pace
from monitoring.parts import Part
from monitoring.problems import ProblemsError

_PROBLEM, _OTHER_SYSTEM = 1, 3


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(prog="teranga-exporter", description="Watches fibre and sites; serves Prometheus metrics.")
    made.add_argument("--topology", type=Path, required=True, metavar="FILE", help="what is watched; read anew when it changes")
    made.add_argument("--credentials", type=Path, metavar="FILE", help="secrets of the devices by name; nobody else may read it")
    made.add_argument("--state", type=Path, metavar="FOLDER", help="where readings survive a restart")
    made.add_argument("--listen", default=f"127.0.0.1:{PORT}", metavar="ADDRESS:PORT", help="where to serve (default: %(default)s)")
    made.add_argument("--reference", action="append", default=[], metavar="ADDRESS", help="our own gateway; if none answers, we are blind")
    made.add_argument("--otdr", type=Path, metavar="FOLDER", help="where traces are put: SEGMENT.sor, or SEGMENT@END.sor")
    made.add_argument("--interval", type=float, default=1.0, metavar="SECONDS", help="between two probes of a path (default: %(default)s)")
    made.add_argument("--version", action="version", version=version())
    return made


def options_of(argv: Sequence[str] | None) -> Options:
    """Return what the command line says; exits with 2 where it cannot be understood."""
    made = parser()
    asked = made.parse_args(argv)
    host, _, port = str(asked.listen).rpartition(":")
    if not port.isdigit():
        made.error(f"--listen {asked.listen}: ADDRESS:PORT was expected")
    if not asked.interval > 0:
        made.error(f"--interval {asked.interval}: more than 0 was expected")
    for name, folder in (("state", asked.state), ("otdr", asked.otdr)):
        if folder is not None and not folder.is_dir():
            made.error(f"--{name} {folder}: is no folder")
    try:
        references = tuple(IPv4Address(each) for each in asked.reference)
    except AddressValueError as error:
        made.error(f"--reference {error}")
    return Options(
        topology=asked.topology,
        credentials=asked.credentials,
        state=asked.state,
        listen=(host, int(port)),
        references=references,
        otdr=asked.otdr,
        pace=Pace(interval=asked.interval),
    )


def main(argv: Sequence[str] | None = None, parts: Sequence[Part] = ()) -> int:
    """Run until a signal; return the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    options = options_of(argv)
    try:
        exporter = Exporter(options, parts)
    except ProblemsError as error:
        sys.stderr.write(f"{error}\n")
        return _PROBLEM
    except PermissionError as error:
        sys.stderr.write(f"raw socket: {error.strerror} (hint: run with CAP_NET_RAW)\n")
        return _OTHER_SYSTEM
    except OSError as error:
        sys.stderr.write(f"{options.listen[0]}:{options.listen[1]}: {error.strerror} (hint: --listen another ADDRESS:PORT)\n")
        return _OTHER_SYSTEM
    _obey_signals(exporter)
    exporter.start()
    exporter.run()
    exporter.stop()
    return 0


def _obey_signals(exporter: Exporter) -> None:
    def end(_number: int, _frame: FrameType | None) -> None:
        exporter.end()

    def again(_number: int, _frame: FrameType | None) -> None:
        exporter.reload()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGHUP, again)


if __name__ == "__main__":
    sys.exit(main())
