"""What survives a restart: the last readings, the counters' sums, and when each device was last asked."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from monitoring.book import Book
from monitoring.measures.snmp.counters import LinkReading, Tally
from monitoring.observed import DownCause, OntState, OpticsLimits, OpticsReading, Reach, Validity
from monitoring.problems import Problem, ProblemsError
from monitoring.reading import Fields, parse_file
from monitoring.schedule import Record

log = logging.getLogger(__name__)

_FORMAT = 1
_NAME = "collected.json"


def save(folder: Path, book: Book, records: Mapping[tuple[str, str], Record]) -> None:
    """Write the state, whole or not at all."""
    state = {
        "format": _FORMAT,
        "optics": [asdict(reading) for reading in list(book.optics.values())],
        "onts": [asdict(state) for state in list(book.onts.values())],
        "links": [asdict(reading) for reading in list(book.links.values())],
        "asked": [
            {"device": device, "collector": collector, "at": record.last_start, "answered_at": record.last_success}
            for (device, collector), record in list(records.items())
            if record.last_start
        ],
    }
    fresh = folder / f"{_NAME}.new"
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / _NAME)


def load(folder: Path) -> tuple[Book, dict[tuple[str, str], Record]]:
    """Return what was saved; a file that cannot be read is put aside, and everything is learnt anew."""
    file = folder / _NAME
    if not file.exists():
        return Book(), {}
    try:
        return _read(parse_file(file))
    except ProblemsError as error:
        aside = file.with_suffix(".unreadable")
        file.replace(aside)
        log.warning("%s: put aside as %s, learning anew: %s", file, aside.name, error)
        return Book(), {}


def _read(raw: object) -> tuple[Book, dict[tuple[str, str], Record]]:
    problems: list[Problem] = []
    fields = Fields(raw, _NAME, problems)
    if fields.whole("format") != _FORMAT:
        fields.problem("format", "is another one")
    book = Book()
    book.note_optics(fields.many("optics", _optics))
    for ont in fields.many("onts", _ont):
        book.note_ont(ont)
    book.links = {(link.device, link.port): link for link in fields.many("links", _link)}
    asked = fields.many("asked", _asked)
    fields.done()
    if problems:
        raise ProblemsError(problems)
    return book, dict(asked)


def _asked(fields: Fields) -> tuple[tuple[str, str], Record]:
    record = Record(last_start=fields.number("at"), last_success=fields.number("answered_at"))
    return (fields.text("device"), fields.text("collector")), record


def _optics(fields: Fields) -> OpticsReading:
    limits = fields.inner_or_none("limits")
    return OpticsReading(
        device=fields.text("device"),
        port=fields.text("port"),
        lane=fields.whole("lane"),
        at=fields.number("at"),
        validity=fields.word("validity", Validity),
        rx_dbm=fields.number_or_none("rx_dbm"),
        tx_dbm=fields.number_or_none("tx_dbm"),
        bias_amperes=fields.number_or_none("bias_amperes"),
        temperature_celsius=fields.number_or_none("temperature_celsius"),
        voltage_volts=fields.number_or_none("voltage_volts"),
        los=fields.flag_or_none("los"),
        limits=None if limits is None else _limits(limits),
    )


def _limits(fields: Fields) -> OpticsLimits:
    return OpticsLimits(
        low_alarm=fields.number_or_none("low_alarm"),
        low_warning=fields.number_or_none("low_warning"),
        high_warning=fields.number_or_none("high_warning"),
        high_alarm=fields.number_or_none("high_alarm"),
    )


def _ont(fields: Fields) -> OntState:
    cause = fields.text_or_none("last_down_cause")
    return OntState(
        olt=fields.text("olt"),
        pon=fields.text("pon"),
        number=fields.whole("number"),
        at=fields.number("at"),
        reach=fields.word("reach", Reach),
        validity=fields.word("validity", Validity),
        rx_dbm=fields.number_or_none("rx_dbm"),
        olt_rx_dbm=fields.number_or_none("olt_rx_dbm"),
        last_up_at=fields.number_or_none("last_up_at"),
        last_down_at=fields.number_or_none("last_down_at"),
        last_down_cause=None if cause is None else fields.word("last_down_cause", DownCause),
        last_gasp_at=fields.number_or_none("last_gasp_at"),
        distance_m=fields.number_or_none("distance_m"),
    )


def _link(fields: Fields) -> LinkReading:
    return LinkReading(
        device=fields.text("device"),
        port=fields.text("port"),
        at=fields.number("at"),
        uptime=fields.whole("uptime"),
        discontinuity=fields.whole("discontinuity"),
        received=_tally(fields.inner_or_none("received")),
        sent=_tally(fields.inner_or_none("sent")),
        in_errors=_tally(fields.inner_or_none("in_errors")),
        out_errors=_tally(fields.inner_or_none("out_errors")),
        up=fields.flag_or_none("up"),
        bytes_per_second=fields.number_or_none("bytes_per_second"),
    )


def _tally(fields: Fields | None) -> Tally | None:
    return None if fields is None else Tally(raw=fields.whole("raw"), total=fields.whole("total"))
