"""Echo packets on the wire (RFC 792), and the filter that lets only our replies into the socket; pure."""

from __future__ import annotations

import struct
from typing import NamedTuple

PACKET_BYTES = 64
_HEADER = struct.Struct("!BBHHH")
_OURS = struct.Struct("!QI")
_CHANGING = struct.Struct("!HHH")
_INSTRUCTION = struct.Struct("=HBBI")
_IPV4_BYTES = 20
_ECHO_REQUEST = 8
_ECHO_REPLY = 0
_PADDING = b"teranga-exporter"
# Classic BPF, linux/filter.h: opcodes of the few instructions we use.
_LOAD_HEADER_LENGTH = 0xB1  # ldxb 4*([k]&0xf)
_LOAD_BYTE = 0x50  # ldb [x+k]
_LOAD_HALF = 0x48  # ldh [x+k]
_JUMP_EQUAL = 0x15
_RETURN = 0x06


class Reply(NamedTuple):
    """An echo reply of ours: whose, which one (16 bits), and from where (the four bytes of IPv4)."""

    target: int
    sequence: int
    source: bytes


def folded(total: int) -> int:
    """Return a sum with its carries folded into 16 bits (RFC 1071)."""
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def word_sum(packet: bytes | bytearray) -> int:
    """Return the one's complement sum of the 16-bit words of a packet of even length."""
    return folded(sum(struct.unpack(f"!{len(packet) // 2}H", packet)))


class Echo:
    """The request to one target. Only sequence and checksum change, so a probe costs three stores."""

    __slots__ = ("_constant", "_identifier", "packet")

    def __init__(self, *, identifier: int, key: int, index: int) -> None:
        body = _OURS.pack(key, index)
        body += (_PADDING * 4)[: PACKET_BYTES - _HEADER.size - len(body)]
        self.packet = bytearray(_HEADER.pack(_ECHO_REQUEST, 0, 0, identifier, 0) + body)
        self._constant = word_sum(self.packet)
        self._identifier = identifier

    def numbered(self, sequence: int) -> bytearray:
        """Return the packet with this sequence number (16 bits); the same memory each time."""
        total = self._constant + sequence
        checksum = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
        _CHANGING.pack_into(self.packet, 2, checksum, self._identifier, sequence)
        return self.packet


class Replies:
    """Recognises our replies: type, identifier, length and the key that only this process knows."""

    __slots__ = ("_identifier", "_key")

    def __init__(self, *, identifier: int, key: int) -> None:
        self._identifier = identifier
        self._key = key

    def read(self, packet: memoryview) -> Reply | None:
        """Return the reply in an IPv4 packet, or None if it is not one of ours."""
        if len(packet) < _IPV4_BYTES:
            return None
        start = (packet[0] & 0x0F) * 4
        if len(packet) < start + _HEADER.size + _OURS.size:
            return None
        kind, code, _, identifier, sequence = _HEADER.unpack_from(packet, start)
        key, index = _OURS.unpack_from(packet, start + _HEADER.size)
        if (kind, code, identifier, key) != (_ECHO_REPLY, 0, self._identifier, self._key):
            return None
        return Reply(index, sequence, bytes(packet[12:16]))


def filter_program(identifier: int) -> bytes:
    """Return the classic BPF program that passes echo replies with this identifier and drops the rest."""
    program = (
        (_LOAD_HEADER_LENGTH, 0, 0, 0),
        (_LOAD_BYTE, 0, 0, 0),
        (_JUMP_EQUAL, 0, 3, _ECHO_REPLY),
        (_LOAD_HALF, 0, 0, 4),
        (_JUMP_EQUAL, 0, 1, identifier),
        (_RETURN, 0, 0, 0xFFFF),
        (_RETURN, 0, 0, 0),
    )
    return b"".join(_INSTRUCTION.pack(*instruction) for instruction in program)
