"""What `fibre.yml` says: the State's fibre between the sites, and the devices whose optics are read."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StrictFloat, StrictInt

from provisioner.model.words import Address, Count, Label, Title, Written, refusal

Kilometres = Annotated[StrictFloat, Field(gt=0, le=2000)]
PortName = Annotated[str, Field(min_length=1, max_length=60)]


class OpticsClass(StrEnum):
    """The budget class of an optical module (ITU-T G.984.2, G.9807.1)."""

    A = "A"
    B = "B"
    B_PLUS = "B+"
    C = "C"
    C_PLUS = "C+"
    D = "D"
    N1 = "N1"
    N2 = "N2"
    E1 = "E1"
    E2 = "E2"


class Family(StrEnum):
    """How a device's optics are read."""

    HUAWEI_XPON = "huawei-xpon"
    HUAWEI_VRP = "huawei-vrp"
    ZTE = "zte"
    NOKIA = "nokia"
    CISCO = "cisco"
    MIKROTIK = "mikrotik"
    JUNIPER = "juniper"


def _optics(value: object) -> OpticsClass:
    if isinstance(value, str) and value in set(OpticsClass):
        return OpticsClass(value)
    raise refusal(f"`{value}` is no class of optics", ", ".join(OpticsClass))


def _family(value: object) -> Family:
    if isinstance(value, str) and value in set(Family):
        return Family(value)
    raise refusal(f"`{value}` is no family of devices", ", ".join(Family))


Optics = Annotated[OpticsClass, BeforeValidator(_optics)]


class RoutePoint(Written):
    """A place on a segment's route, for an engineer who looks for a cut."""

    km: Annotated[StrictFloat, Field(ge=0)]
    latitude: Annotated[StrictFloat, Field(ge=-90, le=90)]
    longitude: Annotated[StrictFloat, Field(ge=-180, le=180)]
    title: Title | None = None


class SegmentRule(Written):
    """A stretch of fibre between two sites or junctions."""

    title: Title
    ends: Annotated[tuple[Label, ...], Field(min_length=2, max_length=2)]
    length_km: Kilometres
    points: tuple[RoutePoint, ...] = ()


class OntRule(Written):
    """The PON port that feeds a site."""

    olt: Label
    pon: PortName
    pon_index: Count  # the port's ifIndex
    number: Annotated[StrictInt, Field(ge=0, le=127)]  # ITU-T G.984.3 leaves 0 to 253, the OLTs at hand number 128
    optics: Optics = OpticsClass.B_PLUS


class Feed(Written):
    """How a site hangs on the fibre: its own last segment. It comes and goes with the site's file."""

    begins: Label = Field(alias="from")
    length_km: Kilometres
    points: tuple[RoutePoint, ...] = ()
    ont: OntRule | None = None


class Snmp(Written):
    """How a device is asked; the credential's secret is in the exporter's own store."""

    version: Literal["2c", "3"]
    credential: Label


class FibrePort(Written):
    """An optical port on a segment."""

    name: PortName
    segment: Label
    end: Label
    optics: Optics | None = None


class FibreDevice(Written):
    """A device whose optics are read."""

    kind: Literal["olt", "switch", "router"]
    family: Annotated[Family, BeforeValidator(_family)]
    site: Label
    address: Address
    snmp: Snmp | None = None
    cli: Label | None = None
    ports: tuple[FibrePort, ...] = ()


class Junction(Written):
    """A point of the fibre that is no site."""

    title: Title


class Fibre(Written):
    """The whole file. Ways from a hub to a site are the shortest ones unless `routes` names the segments."""

    junctions: Mapping[Label, Junction] = Field(default_factory=dict)
    segments: Mapping[Label, SegmentRule] = Field(default_factory=dict)
    routes: Mapping[Label, Mapping[Label, tuple[Label, ...]]] = Field(default_factory=dict)  # site -> hub -> segments
    devices: Mapping[Label, FibreDevice] = Field(default_factory=dict)
