"""`python -m monitoring.sla`: write a month's report from the history of the NOC's page."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitoring import topology_file
from monitoring.problems import ProblemsError
from monitoring.sla.availability import Month
from monitoring.sla.history import History
from monitoring.sla.report import REPORTS, month_report


def main(argv: Sequence[str] | None = None) -> int:
    """Write the report and say where; 0 done, 1 a file is wrong, 2 the command line is, 3 the disk refused."""
    made = _parser()
    asked = made.parse_args(argv)
    now = datetime.now(UTC)
    try:
        month = Month.parse(asked.month) if asked.month else Month.of(Month.of(now).start - timedelta(days=1))
    except ValueError:
        made.error(f"--month {asked.month}: YYYY-MM was expected")
    for name, path, there in (("history", asked.history, asked.history.is_file()), ("to", asked.to, asked.to.is_dir())):
        if not there:
            made.error(f"--{name} {path}: not there")
    try:
        for file in _written(asked, month, now):
            sys.stdout.write(f"{file}\n")
    except ProblemsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}\n")
        return 3
    return 0


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m monitoring.sla", description="Writes the availability of every site and pole in a month."
    )
    made.add_argument("--history", type=Path, required=True, metavar="FILE", help="history.sqlite in the exporter's state folder")
    made.add_argument("--topology", type=Path, required=True, metavar="FILE", help="what is watched")
    made.add_argument("--month", metavar="YYYY-MM", help="default: the last whole month")
    made.add_argument("--to", type=Path, default=Path(), metavar="FOLDER", help="where to write (default: here)")
    made.add_argument("--as", dest="forms", action="append", choices=sorted(REPORTS), help="may be repeated (default: all)")
    return made


def _written(asked: argparse.Namespace, month: Month, now: datetime) -> Iterator[Path]:
    """Write each form and yield its file."""
    topology = topology_file.load(asked.topology)
    history = History(asked.history)
    try:
        report = month_report(history, topology, month, now)
    finally:
        history.close()
    for form in asked.forms or sorted(REPORTS):
        file: Path = asked.to / f"sla-{month}.{form}"
        file.write_bytes(REPORTS[form][1](report))
        yield file


if __name__ == "__main__":
    sys.exit(main())
