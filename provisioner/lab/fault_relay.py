"""A long bad line between two taps: `python -m provisioner.lab.fault_relay TAP TAP DELAY_MS LOSS_PERCENT SEED`.

Runs inside the switch's namespace, for kernels without netem: frames wait in a heap until they are due, some are dropped.
Without persistence of its own: when it ends its taps go, and the line is cut until the fault is cleared.
"""

from __future__ import annotations

import fcntl
import heapq
import os
import random
import select
import struct
import sys
from time import monotonic

_TUNSETIFF = 0x400454CA  # linux/if_tun.h
_TAP_NO_HEADER = 0x0002 | 0x1000  # IFF_TAP | IFF_NO_PI
_NAME_BYTES = 16
_FRAME_BYTES = 1 << 16
_LONGEST_WAIT = 1.0
_QUEUE = 10_000  # frames; beyond that the line drops, as a real queue does


def _open(name: str) -> int:
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, _TUNSETIFF, struct.pack(f"{_NAME_BYTES}sH22x", name.encode(), _TAP_NO_HEADER))
    return tap


class Line:
    """Frames under way. `delay` in seconds each way, `loss` as a share of 1; the same seed drops the same frames."""

    def __init__(self, delay: float, loss: float, seed: int) -> None:
        """Begin with an empty line."""
        self._delay, self._loss = delay, loss
        self._chance = random.Random(seed)  # noqa: S311  a scenario is repeatable, not secret
        self._waiting: list[tuple[float, int, int, bytes]] = []
        self._count = 0

    def take(self, frame: bytes, to: int, now: float) -> None:
        """Send a frame on its way, unless it is lost."""
        if self._chance.random() < self._loss or len(self._waiting) >= _QUEUE:
            return
        self._count += 1
        heapq.heappush(self._waiting, (now + self._delay, self._count, to, frame))

    def due(self, now: float) -> list[tuple[int, bytes]]:
        """Return the frames that arrive by now, in the order they were sent, each with its end."""
        found = []
        while self._waiting and self._waiting[0][0] <= now:
            _, _, to, frame = heapq.heappop(self._waiting)
            found.append((to, frame))
        return found

    def wait(self, now: float) -> float:
        """Return the seconds until the next frame is due."""
        return min(_LONGEST_WAIT, max(0.0, self._waiting[0][0] - now)) if self._waiting else _LONGEST_WAIT


def _write(tap: int, frame: bytes) -> None:
    try:
        os.write(tap, frame)
    except OSError:  # the far side is down: lost, as on a real line
        return


def _move(line: Line, one: int, other: int) -> None:
    ready, _, _ = select.select([one, other], [], [], line.wait(monotonic()))
    for tap in ready:
        try:
            line.take(os.read(tap, _FRAME_BYTES), other if tap == one else one, monotonic())
        except OSError:
            continue
    for tap, frame in line.due(monotonic()):
        _write(tap, frame)


def main(near: str, far: str, delay_ms: str, loss_percent: str, seed: str) -> None:
    """Move frames until ended."""
    one, other = _open(near), _open(far)
    line = Line(float(delay_ms) / 1000, float(loss_percent) / 100, int(seed))
    while True:
        _move(line, one, other)


if __name__ == "__main__":
    main(*sys.argv[1:6])
