"""Which row belongs to a port: by name, found once by walking a router's or switch's names, checked at every read; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from monitoring.measures.optics import mikrotik
from monitoring.measures.optics.light import Value
from monitoring.topology import Family

IF_NAME = "1.3.6.1.2.1.31.1.1.1.1"
ENTITY_NAME = "1.3.6.1.2.1.47.1.1.1.1.7"
# Which column holds the names by which a family's optics are indexed.
NAMES: Mapping[Family, str] = {
    Family.HUAWEI_VRP: ENTITY_NAME,
    Family.CISCO: ENTITY_NAME,
    Family.MIKROTIK: mikrotik.NAME,
    Family.JUNIPER: IF_NAME,
    Family.NOKIA: IF_NAME,
}
_QUANTITIES = (
    ("rx", ("receive power", "rx power")),
    ("tx", ("transmit power", "tx power")),
    ("bias", ("bias",)),
    ("temperature", ("temperature",)),
    ("voltage", ("voltage",)),
)


def name_of(value: Value) -> str:
    """Return a name as text; Nokia's has a description after a comma."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
    return text.split(",", 1)[0].strip()


def rows(names: Mapping[str, Value], ports: Iterable[str]) -> Mapping[str, str]:
    """Return the index of each port that is there."""
    wanted = set(ports)
    return {name_of(value): index for index, value in names.items() if name_of(value) in wanted}


def sensors(names: Mapping[str, Value], port: str) -> Mapping[str, str]:
    """Return the indexes of a Cisco port's sensors by quantity: their names begin with the port's."""
    found: dict[str, str] = {}
    for index, value in names.items():
        name = name_of(value)
        if not name.startswith(f"{port} "):
            continue
        what = name.removeprefix(port).lower()
        for quantity, words in _QUANTITIES:
            if any(word in what for word in words):
                found.setdefault(quantity, index)
    return found
