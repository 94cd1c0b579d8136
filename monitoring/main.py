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

from monitoring.assembly import Page, parts_of
from monitoring.exporter import PORT, Exporter, Options, version
from monitoring.measures.prober import Pace
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
    made.add_argument("--maintenance", type=Path, metavar="FILE", help="announced work; read anew when it changes")
    made.add_argument("--page", metavar="ADDRESS:PORT", help="serve the NOC's page there (needs --state)")
    made.add_argument("--page-passwords", type=Path, metavar="FILE", help="who may see the page; needed beyond loopback")
    made.add_argument("--page-tls", type=Path, nargs=2, metavar=("CERTIFICATE", "KEY"), help="serve the page over TLS")
    made.add_argument("--interval", type=float, default=1.0, metavar="SECONDS", help="between two probes of a path (default: %(default)s)")
    made.add_argument("--version", action="version", version=version())
    return made


def options_of(argv: Sequence[str] | None) -> tuple[Options, Page | None]:
    """Return what the command line says; exits with 2 where it cannot be understood."""
    made = parser()
    asked = made.parse_args(argv)
    if not asked.interval > 0:
        made.error(f"--interval {asked.interval}: more than 0 was expected")
    for name, folder in (("state", asked.state), ("otdr", asked.otdr)):
        if folder is not None and not folder.is_dir():
            made.error(f"--{name} {folder}: is no folder")
    try:
        references = tuple(IPv4Address(each) for each in asked.reference)
    except AddressValueError as error:
        made.error(f"--reference {error}")
    options = Options(
        topology=asked.topology,
        credentials=asked.credentials,
        state=asked.state,
        listen=_place(made, "listen", asked.listen),
        references=references,
        otdr=asked.otdr,
        maintenance=asked.maintenance,
        pace=Pace(interval=asked.interval),
    )
    return options, _page(made, asked)


def _place(made: argparse.ArgumentParser, name: str, text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdigit():
        made.error(f"--{name} {text}: ADDRESS:PORT was expected")
    return host, int(port)


def _page(made: argparse.ArgumentParser, asked: argparse.Namespace) -> Page | None:
    if asked.page is None:
        return None
    if asked.state is None:
        made.error("--page: the page keeps a history (hint: --state FOLDER)")
    tls = (asked.page_tls[0], asked.page_tls[1]) if asked.page_tls else None
    return Page(listen=_place(made, "page", asked.page), passwords=asked.page_passwords, tls=tls)


def main(argv: Sequence[str] | None = None) -> int:
    """Run until a signal; return the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    options, page = options_of(argv)
    try:
        exporter = _made(options, page)
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


def _made(options: Options, page: Page | None) -> Exporter:
    """Return the exporter with its parts; what one of them has opened is closed again if another cannot be made."""
    parts = parts_of(options.state, page)
    try:
        return Exporter(options, parts)
    except BaseException:
        for part in parts:
            part.stop()
        raise


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
