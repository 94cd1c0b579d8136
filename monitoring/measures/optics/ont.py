"""One ONT as its OLT describes it, whatever the family; pure."""

from __future__ import annotations

from dataclasses import dataclass

from monitoring.measures.optics.light import Light, Power
from monitoring.observed import DownCause, OntState, OpticsReading, Reach, Validity


@dataclass(frozen=True, slots=True, kw_only=True)
class OntKey:
    """Which ONT: its OLT, the PON's name and interface index, its number on the PON."""

    olt: str
    pon: str
    pon_index: int
    number: int

    @property
    def index(self) -> str:
        """Return the index of its rows."""
        return f"{self.pon_index}.{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Whether an ONT is up, and its last fall, in moments of the OLT's own clock."""

    reach: Reach
    last_up_at: float | None = None
    last_down_at: float | None = None
    last_down_cause: DownCause | None = None
    last_gasp_at: float | None = None
    distance_m: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OntLight:
    """The light at both ends: what the ONT receives and launches, what the OLT receives from it."""

    ont: Light
    olt_rx: Power
    at: float


def ont_state(key: OntKey, at: float, condition: Condition, light: OntLight | None, clock: float) -> OntState:
    """Return the state of an ONT; `clock` is what must be added to the OLT's moments."""
    return OntState(
        olt=key.olt,
        pon=key.pon,
        number=key.number,
        at=at,
        reach=condition.reach,
        validity=Validity.ABSENT if light is None else light.ont.rx.validity,
        rx_dbm=None if light is None else light.ont.rx.dbm,
        olt_rx_dbm=None if light is None else light.olt_rx.dbm,
        last_up_at=_put_right(condition.last_up_at, clock),
        last_down_at=_put_right(condition.last_down_at, clock),
        last_down_cause=condition.last_down_cause,
        last_gasp_at=_put_right(condition.last_gasp_at, clock),
        distance_m=condition.distance_m,
    )


def _put_right(moment: float | None, clock: float) -> float | None:
    return None if moment is None else moment + clock


def port_reading(device: str, port: str, lane: int, at: float, light: Light) -> OpticsReading:
    """Return a reading of a port; its transmitter is told only where its receiver can be believed."""
    good = light.rx.validity is Validity.OK
    return OpticsReading(
        device=device,
        port=port,
        lane=lane,
        at=at,
        validity=light.rx.validity,
        rx_dbm=light.rx.dbm,
        tx_dbm=light.tx.dbm if good else None,
        bias_amperes=light.bias_amperes,
        temperature_celsius=light.temperature_celsius,
        voltage_volts=light.voltage_volts,
        los=light.los,
        limits=light.limits,
    )
