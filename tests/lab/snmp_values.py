"""Serves a file's values to snmpd (pass_persist): `OID TYPE VALUE` per line; the file may change at any time."""

from __future__ import annotations

import sys
import time
from pathlib import Path

Row = tuple[tuple[int, ...], str, str]


def rows(file: Path) -> list[Row]:
    """Return the file's rows in the order of their OIDs."""
    found = []
    for line in file.read_text().splitlines():
        oid, kind, value = line.split(" ", 2)
        found.append((numbers(oid), kind, value))
    return sorted(found)


def numbers(oid: str) -> tuple[int, ...]:
    """Return an OID as numbers."""
    return tuple(int(part) for part in oid.strip(".").split("."))


def answer(file: Path, verb: str, oid: tuple[int, ...]) -> Row | None:
    """Return the row that is asked for."""
    if verb == "get":
        return next((row for row in rows(file) if row[0] == oid), None)
    return next((row for row in rows(file) if row[0] > oid), None)


def main() -> None:
    """Speak the protocol of pass_persist until snmpd goes."""
    file = Path(sys.argv[1])
    while line := sys.stdin.readline():
        verb = line.strip()
        if verb == "PING":
            sys.stdout.write("PONG\n")
        elif verb in {"get", "getnext"}:
            found = answer(file, verb, numbers(sys.stdin.readline().strip()))
            pause = file.with_suffix(".pause")
            if pause.exists():
                time.sleep(float(pause.read_text()))
            if found is None:
                sys.stdout.write("NONE\n")
            else:
                sys.stdout.write(f".{'.'.join(map(str, found[0]))}\n{found[1]}\n{found[2]}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
