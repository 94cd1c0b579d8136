"""Makes .sor files (SR-4731 version 2) for tests: their blocks, with the events that a test wants."""

from __future__ import annotations

import struct
from collections.abc import Sequence

_C_M_PER_US = 299.792458
INDEX = 1.468


def sor(events: Sequence[tuple[float, float, str]], at: int = 1_795_617_000, index: float = INDEX) -> bytes:
    """Return a file with events of kilometres, loss in dB and type (`1E9999LS`)."""
    blocks = [
        ("GenParams", _general()),
        ("SupParams", b"Teranga\0OTDR\0" + b"\0" * 5),
        ("FxdParams", _fixed(at, index)),
        ("KeyEvents", _events(events, index)),
        ("DataPts", struct.pack("<IHIH", 4, 1, 4, 1000) + struct.pack("<4H", 1, 2, 3, 4)),
        ("Cksum", struct.pack("<H", 0)),
    ]
    bodies = [(name, name.encode() + b"\0" + body) for name, body in blocks]
    entries = b"".join(name.encode() + b"\0" + struct.pack("<HI", 200, len(body)) for name, body in bodies)
    head = b"Map\0" + struct.pack("<HIH", 200, 12 + len(entries), len(bodies) + 1)
    return head + entries + b"".join(body for _, body in bodies)


def _general() -> bytes:
    names = b"EN" + b"cable\0fibre\0" + struct.pack("<hH", 652, 1550) + b"A\0B\0code\0" + b"BC"
    return names + struct.pack("<ii", 0, 0) + b"operator\0comment\0"


def _fixed(at: int, index: float) -> bytes:
    return (
        struct.pack("<I2sHiiH", at, b"km", 15500, 0, 0, 1)
        + struct.pack("<HIIIHIHIii", 100, 10_000, 4, round(index * 100_000), 800, 100, 150, 10_000, 0, 0)
        + struct.pack("<HhHHHH2siiii", 1000, 1000, 0, 50, 400, 3000, b"ST", 0, 0, 0, 0)
    )


def _events(events: Sequence[tuple[float, float, str]], index: float) -> bytes:
    body = struct.pack("<H", len(events))
    for number, (km, loss, kind) in enumerate(events, 1):
        travel = round(km * 1000 * index / _C_M_PER_US * 10_000)
        body += struct.pack("<HIhhi8siiiii", number, travel, 190, round(loss * 1000), -40_000, kind.encode(), 0, 0, 0, 0, 0) + b"\0"
    return body + struct.pack("<iiiHii", 0, 0, 0, 0, 0, 0)
