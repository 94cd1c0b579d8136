"""What is watched: sites, the segments that feed them, devices and probes. Rendered from the inventory, read-only here.

The file's form is docs/reference/monitoring-topology.md. Names are slugs; lengths and points are in kilometres.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from ipaddress import IPv4Address

FORMAT = 1


class SiteKind(StrEnum):
    """What a site is."""

    CENTRE = "centre"
    POLE = "pole"
    HUB = "hub"


class Medium(StrEnum):
    """What a path runs over: fibre has segments, radio (4G) has none and tells that a site has power."""

    FIBRE = "fibre"
    RADIO = "radio"


class DeviceKind(StrEnum):
    """What a device does."""

    OLT = "olt"
    SWITCH = "switch"
    ROUTER = "router"


class Family(StrEnum):
    """How a device tells its optics: each family has its own units and sentinels."""

    HUAWEI_XPON = "huawei-xpon"
    HUAWEI_VRP = "huawei-vrp"
    ZTE = "zte"
    NOKIA = "nokia"
    CISCO = "cisco"
    MIKROTIK = "mikrotik"
    JUNIPER = "juniper"


class OpticsClass(StrEnum):
    """Class of a PON's budget; its limits hold where a module does not tell its own (ITU-T G.984.2, G.9807.1)."""

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


class SnmpVersion(StrEnum):
    """Version of SNMP; 2c only inside the VPN."""

    V2C = "2c"
    V3 = "3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """One way from a hub to a site: its segments in order from the hub, and the addresses that answer probes over it."""

    id: str
    hub: str
    medium: Medium = Medium.FIBRE
    segments: tuple[str, ...] = ()
    probe: IPv4Address
    behind: IPv4Address | None = None  # a host behind the router: tells rate-limiting from loss


@dataclass(frozen=True, slots=True, kw_only=True)
class Ont:
    """The PON port that feeds a site: OLT, the PON's name and interface index, the ONT's number on it."""

    olt: str
    pon: str
    pon_index: int
    number: int
    optics: OpticsClass = OpticsClass.B_PLUS


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One site: where it is, how much it matters (tier 1 most), which pole serves it, how it is reached."""

    name: str
    kind: SiteKind
    title: str
    region: str
    latitude: float
    longitude: float
    tier: int
    pole: str | None = None
    paths: tuple[Path, ...] = ()
    ont: Ont | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePoint:
    """A place on a segment's route: kilometres from its first end, and what is there."""

    km: float
    latitude: float
    longitude: float
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One fibre between two ends (sites, or named points such as a splitter)."""

    id: str
    title: str
    ends: tuple[str, str]
    length_km: float
    points: tuple[RoutePoint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snmp:
    """How a device is read: the version and the name of the credential, never the secret."""

    version: SnmpVersion
    credential: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A device's optical port on a segment, by interface name, and the end of the segment where it stands."""

    name: str
    segment: str
    end: str
    optics: OpticsClass | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One device: where it stands and how it is read. `cli` names the credential of the fall-back without SNMP."""

    name: str
    kind: DeviceKind
    family: Family
    site: str
    address: IPv4Address
    snmp: Snmp | None = None
    cli: str | None = None
    ports: tuple[Port, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Topology:
    """Everything that is watched from one place (`vantage`: the site where this exporter stands)."""

    vantage: str
    sites: tuple[Site, ...]
    segments: tuple[Segment, ...] = ()
    devices: tuple[Device, ...] = ()
    rendered_from: str = field(default="", compare=False)  # the plan's hash, for the page's foot

    @cached_property
    def site_by_name(self) -> Mapping[str, Site]:
        """Sites by name."""
        return {site.name: site for site in self.sites}

    @cached_property
    def segment_by_id(self) -> Mapping[str, Segment]:
        """Segments by id."""
        return {segment.id: segment for segment in self.segments}

    @cached_property
    def device_by_name(self) -> Mapping[str, Device]:
        """Devices by name."""
        return {device.name: device for device in self.devices}
