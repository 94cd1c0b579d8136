"""Two network namespaces joined by a wire that delays, drops, doubles and cuts: a relay between two TUN devices."""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import os
import random
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from provisioner import command

Made = TypeVar("Made")
_CLONE_NEWNET = 0x40000000
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_PACKET = 2048
_LIBC = ctypes.CDLL(None, use_errno=True)
NEAR, FAR = "10.77.0.1", "10.77.1.{}"
FAR_HOSTS = 60


@dataclass(slots=True)
class Manner:
    """How the wire treats what passes; may be changed at any time. Seconds each way, parts of one."""

    delay: float = 0.0
    loss: float = 0.0
    double: bool = False
    cut: bool = False


def inside(namespace: str, make: Callable[[], Made]) -> Made:
    """Return what a function makes in a network namespace; runs in a thread of its own, which the namespace keeps."""
    found: list[Made] = []

    def run() -> None:
        with Path("/run/netns", namespace).open() as handle:
            if _LIBC.setns(handle.fileno(), _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        found.append(make())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


def _tun() -> int:
    handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(handle, _TUNSETIFF, struct.pack("16sH", b"wire0", _IFF_TUN | _IFF_NO_PI))
    return handle


class Wire:
    """The relay: counts what it dropped on purpose."""

    def __init__(self, near: int, far: int, seed: int) -> None:
        self.manner = Manner()
        self.dropped = 0
        self._ends = {near: far, far: near}
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._queue: list[tuple[float, int, int, bytes]] = []
        self._number = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with select.epoll() as poll:
            for end in self._ends:
                poll.register(end, select.EPOLLIN)
            while not self._ended.is_set():
                for end, _ in poll.poll(0.002):
                    self._take(end)
                self._give()

    def _take(self, end: int) -> None:
        while True:
            try:
                packet = os.read(end, _PACKET)
            except (BlockingIOError, OSError):
                return
            if packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_ICMP:  # the kernel's own chatter
                continue
            if self.manner.cut or self._random.random() < self.manner.loss:
                self.dropped += 1
                continue
            for _ in range(2 if self.manner.double else 1):
                self._number += 1
                heapq.heappush(self._queue, (time.monotonic() + self.manner.delay, self._number, self._ends[end], packet))

    def _give(self) -> None:
        now = time.monotonic()
        while self._queue and self._queue[0][0] <= now:
            _, _, end, packet = heapq.heappop(self._queue)
            try:
                os.write(end, packet)
            except OSError:
                self.dropped += 1

    def stop(self) -> None:
        """End the relay and close both ends."""
        self._ended.set()
        self._thread.join()
        for end in self._ends:
            os.close(end)


@contextmanager
def wire(seed: int = 1) -> Iterator[tuple[Wire, str, str]]:
    """Yield the wire and the names of its near and far namespaces; the far one has FAR_HOSTS addresses."""
    near, far = f"tw{os.getpid()}n", f"tw{os.getpid()}f"
    made: Wire | None = None
    try:
        for name in (near, far):
            command.run(["ip", "netns", "add", name])
        made = Wire(inside(near, _tun), inside(far, _tun), seed)
        command.run(["ip", "-n", near, "address", "add", f"{NEAR}/16", "dev", "wire0"])
        addresses = "\n".join(f"address add {FAR.format(host)}/16 dev wire0" for host in range(1, FAR_HOSTS + 1))
        command.run(["ip", "-n", far, "-batch", "-"], command.Run(stdin=addresses))
        for name in (near, far):
            command.run(["ip", "-n", name, "link", "set", "wire0", "up"])
        yield made, near, far
    finally:
        if made is not None:
            made.stop()
        for name in (near, far):
            command.attempt(["ip", "netns", "del", name])
