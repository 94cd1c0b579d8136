"""What a reading of light says of a fall: dark, lit, or nothing; and whether an ONT's last breath belongs to it."""

from __future__ import annotations

from enum import StrEnum

from monitoring.incidents.index import Index
from monitoring.incidents.view import View
from monitoring.observed import DownCause, OntState, OpticsReading, Reach, Validity

# A device's own clock and ours agree only so far, even put right by their difference.
_CLOCKS = 5.0


class Light(StrEnum):
    """What is known of the light at one place since a fall."""

    DARK = "dark"
    LIT = "lit"
    UNKNOWN = "unknown"


def at_port(view: View, segment: str, end: str, fell: float) -> Light:
    """Return what the port at a segment's end says, if it was read after the fall."""
    reading = view.ports.get((segment, end))
    if reading is None or reading.at < fell - _CLOCKS:
        return Light.UNKNOWN
    return _of_reading(reading)


def _of_reading(reading: OpticsReading) -> Light:
    if reading.validity is Validity.NO_LIGHT or reading.los:
        return Light.DARK
    return Light.LIT if reading.validity is Validity.OK and reading.rx_dbm is not None else Light.UNKNOWN


def at_ont(view: View, site: str) -> Light:
    """Return what the OLT says of a dark site's ONT, if it was asked after the fall."""
    ont = view.onts.get(site)
    fell = view.dark.get(site)
    if ont is None or fell is None or ont.at < fell - _CLOCKS:
        return Light.UNKNOWN
    match ont.reach:
        case Reach.UP:
            return Light.LIT
        case Reach.DOWN:
            return Light.DARK
        case Reach.UNKNOWN:
            return Light.UNKNOWN


def fall_of(index: Index, view: View, site: str) -> float:
    """Return when a dark site fell: by its OLT's word if that belongs to this fall, else when it stopped answering."""
    ont = view.onts.get(site)
    fell = view.dark[site]
    if ont is None or ont.last_down_at is None or ont.reach is not Reach.DOWN:
        return fell
    paths = [view.paths[key] for key in index.fibre_paths[site] if key in view.paths]
    slack = view.poll(ont.olt) + _CLOCKS
    belongs = any(one.reach is Reach.DOWN and abs(one.since - ont.last_down_at) <= slack for one in paths)
    return ont.last_down_at if belongs else fell


def gasp_of(index: Index, view: View, site: str) -> float | None:
    """Return when a dark site's ONT said that it lost power, if that was within one poll of the fall on the device."""
    ont = view.onts.get(site)
    if ont is None or site not in view.dark or ont.reach is Reach.UP:
        return None
    fell = fall_of(index, view, site)
    slack = view.poll(ont.olt) + _CLOCKS
    near = [moment for moment in _gasps(ont) if abs(moment - fell) <= slack]
    return max(near, default=None)


def _gasps(ont: OntState) -> list[float]:
    found = [ont.last_gasp_at] if ont.last_gasp_at is not None else []
    if ont.last_down_cause is DownCause.DYING_GASP and ont.last_down_at is not None:
        found.append(ont.last_down_at)
    return found
