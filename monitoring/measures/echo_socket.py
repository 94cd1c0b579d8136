"""The one raw socket of the prober: filtered in the kernel, stamped by the kernel (needs CAP_NET_RAW)."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import logging
import secrets
import socket
import struct
import time
from collections.abc import Iterator

from monitoring.measures.icmp import Replies, Reply, filter_program

log = logging.getLogger(__name__)

# linux/asm-generic/socket.h; the module socket does not name them.
_SO_ATTACH_FILTER = 26
_SO_RCVBUFFORCE = 33
_SO_TIMESTAMPNS = 35
_SO_MEMINFO = 55
_MEMINFO_WORDS = 9
_MEMINFO_DROPS = 8
_STAMP = struct.Struct("=qq")
_PROGRAM = struct.Struct("@HP")
_ANCILLARY_BYTES = socket.CMSG_SPACE(_STAMP.size)
_RECEIVE_BYTES = 8 << 20
_PACKET_BYTES = 256
_NANOSECONDS = 1_000_000_000


class EchoSocket:
    """Sends echo requests and yields our replies with the kernel's receive time (realtime clock, ns)."""

    def __init__(self) -> None:
        """Open the socket in the network namespace of the calling thread; PermissionError without CAP_NET_RAW."""
        self.identifier = secrets.randbelow(0xFFFF) + 1
        self.key = secrets.randbits(64)
        self._replies = Replies(identifier=self.identifier, key=self.key)
        self._buffer = bytearray(_PACKET_BYTES)
        self._view = memoryview(self._buffer)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.IPPROTO_ICMP)
        self._attach_filter()
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._widen()
        self.send = self._socket.sendto

    def _attach_filter(self) -> None:
        code = filter_program(self.identifier)
        memory = ctypes.create_string_buffer(code, len(code))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, _PROGRAM.pack(len(code) // 8, ctypes.addressof(memory)))

    def _widen(self) -> None:
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BYTES)
        except PermissionError:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
            granted = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
            log.info("receive buffer: %d bytes, as much as net.core.rmem_max lets us have", granted)

    def fileno(self) -> int:
        """Return the descriptor, for epoll."""
        return self._socket.fileno()

    def replies(self) -> Iterator[tuple[Reply, int]]:
        """Yield what waits in the socket: the reply and when the kernel got it (ns since the epoch)."""
        receive, buffers, view = self._socket.recvmsg_into, [self._buffer], self._view
        while True:
            try:
                size, ancillary, _, _ = receive(buffers, _ANCILLARY_BYTES)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in {errno.EINTR, errno.ENETDOWN}:
                    return
                raise
            reply = self._replies.read(view[:size])
            if reply is not None:
                yield reply, _received(ancillary)

    def dropped(self) -> int:
        """Return how many packets the kernel dropped because we were slow; 0 where it does not say."""
        with contextlib.suppress(OSError):
            raw = self._socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO_WORDS * 4)
            return int(struct.unpack_from("=I", raw, _MEMINFO_DROPS * 4)[0])
        return 0

    def close(self) -> None:
        """Close the socket."""
        self._view.release()
        self._socket.close()


def _received(ancillary: list[tuple[int, int, bytes]]) -> int:
    """Return the kernel's time of receipt, or the present should it have none."""
    for _, kind, stamp in ancillary:
        if kind == _SO_TIMESTAMPNS and len(stamp) >= _STAMP.size:
            seconds, nanoseconds = _STAMP.unpack_from(stamp)
            return int(seconds * _NANOSECONDS + nanoseconds)
    return time.time_ns()
