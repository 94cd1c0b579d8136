"""The plan: every decision about one site, as frozen values. Same inventory, same bytes.

Adapters and roles translate it; they decide nothing. `hash` is the SHA-256 of the canonical JSON of everything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from uuid import UUID


class SiteKind(StrEnum):
    """What kind of place a site is."""

    CENTRE = "centre"
    POLE = "pole"
    HUB = "hub"


class Protocol(StrEnum):
    """The protocol of a flow."""

    TCP = "tcp"
    UDP = "udp"
    ICMP = "icmp"  # echo request, RFC 792


class GuestRole(StrEnum):
    """What a guest is for; also its Ansible group."""

    GATEWAY = "gateway"
    DATABASE = "database"
    SERVICE = "service"
    MAP_SERVER = "map_server"
    CACHE = "cache"
    STORE = "store"


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A zone of the site: a VLAN and its prefix. `interface` is its name in the gateway guest."""

    name: str
    vlan: int | None  # None: no VLAN (vpn)
    prefix: IPv4Network
    gateway: IPv4Address  # the gateway's own address in the zone
    interface: str  # ethN; for vpn the first tunnel's interface
    dhcp: bool = False
    vantages: tuple[IPv4Address, ...] = ()  # two static addresses for acceptance checks; none in vpn


@dataclass(frozen=True, slots=True, kw_only=True)
class Nic:
    """A guest's network card."""

    index: int
    zone: str
    mac: str  # lower case
    vlan: int
    address: IPv4Interface
    gateway: IPv4Address | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A virtual machine of the site."""

    name: str  # unique in the site: gateway, database, etat-civil
    role: GuestRole
    vmid: int
    uuid: UUID
    tags: tuple[str, ...]  # sorted, lower case
    image: str  # name of the image, e.g. server
    cores: int
    memory: int  # MiB
    disk: int  # GiB
    nics: tuple[Nic, ...]
    nameservers: tuple[IPv4Address, ...]
    start_order: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One end of a flow: a zone, or one guest in it. Guest `gateway` means the gateway itself (its input or output).

    In `wan`, `guest` may also name one of the plan's `hosts`.
    """

    zone: str
    guest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A permitted new connection. Everything that no flow permits is dropped."""

    id: str
    source: Endpoint
    destination: Endpoint
    protocol: Protocol
    ports: tuple[int, ...]  # empty only for icmp
    reason: str
    owner: str
    expires: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host outside the site that flows name: a partner's own service."""

    name: str
    title: str
    zone: str  # wan
    address: IPv4Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A field agent's device, which calls the gateway. Its private key is made on it; no public key: not enrolled yet."""

    name: str  # agent-1
    title: str
    address: IPv4Address
    public_key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A centre that a pole serves."""

    site: str
    prefix: IPv4Network


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldAccess:
    """A zone of devices that reach the site through tunnels of their own."""

    zone: str
    interface: str  # at the gateway
    port: int  # UDP, where the gateway awaits them
    agents: tuple[Agent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a service must answer: 200 at a path, with a text in it."""

    path: str
    contains: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A name of the site's DNS."""

    name: str  # fully qualified, no final dot
    address: IPv4Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """An address that DHCP keeps for one device."""

    zone: str
    name: str
    mac: str
    address: IPv4Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunnel:
    """A WireGuard tunnel of a site to a hub over one uplink."""

    id: str  # kedougou-fibre-hub-dakar
    site: str  # the centre's end
    hub: str
    uplink: str  # fibre or 4g
    interface: str  # at the centre, at most 15 characters
    hub_interface: str  # at the hub: one interface per uplink class
    hub_endpoint: IPv4Address
    port: int  # UDP, where the hub listens
    address: IPv4Interface  # the centre's end, /31
    hub_address: IPv4Interface
    site_prefixes: tuple[IPv4Network, ...]  # what the hub sends to the centre
    hub_prefixes: tuple[IPv4Network, ...]  # what the centre sends to the hub


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service of the site, in its own guest."""

    name: str
    number: int
    title: str  # French
    guest: str
    hostname: str  # fully qualified
    port: int  # TLS
    database: str | None  # name of its database and of its role
    health: str  # path of the health probe
    record_fields: tuple[str, ...]  # what the reference registry stores
    data_class: str  # e.g. personnelles
    artifact: str | None = None  # reference to the operator's artifact
    artifact_sha256: str | None = None
    extensions: tuple[str, ...] = ()  # of PostgreSQL, in its database
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplink:
    """How the site reaches the State's fibre or another operator."""

    name: str  # fibre
    address: IPv4Interface
    gateway: IPv4Address


class CheckKind(StrEnum):
    """What an acceptance check does."""

    FLOW = "flow"  # a declared flow passes
    BLOCKED = "blocked"  # an undeclared pair is dropped, and the gateway's counter rises
    DHCP = "dhcp"  # the device gets its reserved address
    DNS = "dns"  # the site's DNS answers
    SERVICE = "service"  # over TLS, a record written and read back
    TUNNEL = "tunnel"  # a fresh handshake and an answer through it
    LISTENING = "listening"  # no listening port that the plan does not know


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One acceptance check, seen from a vantage (a zone)."""

    id: str
    kind: CheckKind
    vantage: str  # zone
    target: Endpoint
    address: IPv4Address | None
    protocol: Protocol | None = None
    port: int | None = None
    subject: str = ""  # id of the flow, service, tunnel, reservation or guest
    expected: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that is decided about one site."""

    format: int  # version of this structure
    site: str
    kind: SiteKind
    title: str
    profile: str
    slot: int
    asn: int
    node: str
    bridge: str  # the VLAN-aware bridge of the guests
    datastore: str
    pool: str
    prefix: IPv4Network
    domain: str
    time_servers: tuple[str, ...]
    dns_upstream: tuple[IPv4Address, ...]
    uplinks: tuple[Uplink, ...]
    zones: tuple[Zone, ...]
    guests: tuple[Guest, ...]
    services: tuple[Service, ...]
    flows: tuple[Flow, ...]
    records: tuple[Record, ...]
    reservations: tuple[Reservation, ...]
    tunnels: tuple[Tunnel, ...]  # at a hub: every tunnel that ends there
    hubs: tuple[str, ...]  # hubs this site needs, first choice first
    checks: tuple[Check, ...]
    hosts: tuple[Host, ...] = ()
    access: tuple[FieldAccess, ...] = ()
    serves: tuple[Served, ...] = ()  # at a pole: its centres
    hash: str = ""
