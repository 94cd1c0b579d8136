"""What survives a restart comes back as it was; what cannot be read is put aside and stops nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring import remembered
from monitoring.book import Book
from monitoring.measures.snmp.counters import LinkReading, Tally
from monitoring.observed import DownCause, OntState, OpticsLimits, OpticsReading, Reach, Validity
from monitoring.schedule import Record

OPTICS = OpticsReading(
    device="rb-1", port="sfp1", at=1.5, validity=Validity.OK, rx_dbm=-18.25, los=False, limits=OpticsLimits(low_alarm=-27.0)
)
LOST = OpticsReading(device="rb-1", port="sfp2", at=2.5, validity=Validity.UNREACHABLE)
ONT = OntState(olt="olt-1", pon="0/1/0", number=0, at=3.5, reach=Reach.DOWN, last_down_at=2.0, last_down_cause=DownCause.DYING_GASP)
LINK = LinkReading(
    device="sw-1",
    port="ether1",
    at=4.5,
    uptime=100,
    discontinuity=0,
    received=Tally(raw=2**63, total=2**64 + 5),
    sent=None,
    in_errors=None,
    out_errors=Tally(raw=1, total=1),
    up=None,
    bytes_per_second=125e6,
)


def full() -> Book:
    book = Book()
    book.note_optics([OPTICS, LOST])
    book.note_ont(ONT)
    book.links["sw-1", "ether1"] = LINK
    return book


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    remembered.save(tmp_path, full(), {("olt-1", "ont_optics"): Record(last_start=99.5, last_success=42.0), ("new", "links"): Record()})

    book, records = remembered.load(tmp_path)

    assert (book.optics, book.onts, book.links) == (full().optics, full().onts, full().links)
    assert {key: (record.last_start, record.last_success) for key, record in records.items()} == {("olt-1", "ont_optics"): (99.5, 42.0)}


def test_nothing_saved_is_nothing_known(tmp_path: Path) -> None:
    assert remembered.load(tmp_path) == (Book(), {})


@pytest.mark.parametrize("broken", ["", "{", '{"format": 2}', '{"format": 1, "optics": [{"device": 7}]}', "[]", '{"format": 1, "more": 1}'])
def test_what_cannot_be_read_is_put_aside(tmp_path: Path, broken: str) -> None:
    (tmp_path / "collected.json").write_text(broken)

    assert remembered.load(tmp_path) == (Book(), {})
    assert (tmp_path / "collected.unreadable").read_text() == broken


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    remembered.save(tmp_path, full(), {})
    (tmp_path / "collected.json.new").mkdir()

    with pytest.raises(OSError, match="collected"):
        remembered.save(tmp_path, Book(), {})

    assert remembered.load(tmp_path)[0].links == full().links


def test_devices_that_are_gone_are_forgotten() -> None:
    book = full()
    book.keep(frozenset({"olt-1"}))

    assert (len(book.optics), len(book.onts), len(book.links)) == (0, 1, 0)


def test_a_reading_of_three_periods_ago_is_stale_and_has_no_values() -> None:
    book = full()
    book.stale_after = {"rb-1": 900.0}

    fresh, old = book.current_optics(OPTICS.at + 900), book.current_optics(OPTICS.at + 901)

    assert fresh[0] == OPTICS
    assert (old[0].validity, old[0].rx_dbm, old[0].at) == (Validity.STALE, None, OPTICS.at)
