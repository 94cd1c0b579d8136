"""DateAndTime of RFC 2579: with and without a zone, zeroes, leap seconds, rubbish."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from monitoring.measures.optics.moments import moment

PLAIN = bytes([0x07, 0xEA, 11, 25, 14, 30, 5, 2])
AT = datetime(2026, 11, 25, 14, 30, 5, 200_000, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        (PLAIN, AT),
        (PLAIN + b"+\x00\x00", AT),
        (PLAIN + b"+\x01\x00", AT - 3600),
        (PLAIN + b"-\x05\x1e", AT + 5.5 * 3600),
        (bytes([0x07, 0xEA, 11, 25, 14, 30, 60, 0]), AT + 53.8),
        (bytes(8), None),
        (bytes(11), None),
        (b"", None),
        (b"2026-11-25", None),
        (bytes([0x07, 0xEA, 13, 25, 14, 30, 5, 2]), None),
        (None, None),
        (7, None),
    ],
)
def test_a_moment(raw: bytes | int | None, seconds: float | None) -> None:
    assert moment(raw) == (None if seconds is None else pytest.approx(seconds))


@given(some.binary(max_size=12))
def test_no_bytes_are_an_error(raw: bytes) -> None:
    moment(raw)
