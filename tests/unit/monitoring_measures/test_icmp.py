"""Echo packets: what leaves is valid, what comes back is recognised, what is not ours is not."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as some

from monitoring.measures.icmp import PACKET_BYTES, Echo, Replies, filter_program, word_sum

KEY = 0x1122334455667788


def reply_to(request: bytes, source: bytes = bytes([10, 64, 0, 1]), kind: int = 0) -> bytes:
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(request), 0, 0, 64, 1, 0, source, bytes(4))
    return header + bytes([kind]) + request[1:]


@given(
    sequence=some.integers(0, 0xFFFF),
    identifier=some.integers(0, 0xFFFF),
    key=some.integers(0, 2**64 - 1),
    index=some.integers(0, 2**32 - 1),
)
def test_every_request_has_a_valid_checksum(sequence: int, identifier: int, key: int, index: int) -> None:
    packet = Echo(identifier=identifier, key=key, index=index).numbered(sequence)

    assert len(packet) == PACKET_BYTES
    assert word_sum(packet) == 0xFFFF  # RFC 1071: the sum over a valid packet, checksum included


def test_a_reply_tells_whose_it_is_and_which() -> None:
    request = bytes(Echo(identifier=7, key=KEY, index=42).numbered(65535))

    reply = Replies(identifier=7, key=KEY).read(memoryview(reply_to(request)))

    assert reply == (42, 65535, bytes([10, 64, 0, 1]))


def test_what_is_not_ours_is_not_taken() -> None:
    request = bytes(Echo(identifier=7, key=KEY, index=42).numbered(1))
    ours = Replies(identifier=7, key=KEY)

    assert ours.read(memoryview(reply_to(request, kind=8))) is None, "a request"
    assert ours.read(memoryview(reply_to(request, kind=3))) is None, "an error"
    assert Replies(identifier=8, key=KEY).read(memoryview(reply_to(request))) is None, "another identifier"
    assert Replies(identifier=7, key=KEY + 1).read(memoryview(reply_to(request))) is None, "a forged key"


@given(junk=some.binary(max_size=80))
def test_junk_is_never_an_error(junk: bytes) -> None:
    assert Replies(identifier=7, key=KEY).read(memoryview(junk)) is None


def test_the_filter_is_whole_instructions() -> None:
    assert len(filter_program(0xBEEF)) == 7 * 8
