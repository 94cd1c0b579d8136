"""What `national.yml` and `countries/` say: the numbering plans and the defaults of every site."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StrictInt

from provisioner.model.words import Address, Count, Domain, Flag, Label, Port, Prefix, Title, Vlan, Written, ZoneName, refusal

MAX_HUBS = 2  # two uplinks x two hubs: the four tunnels of a centre


class Numbering(Written):
    """Where every number comes from."""

    sites: Prefix
    site_length: Annotated[StrictInt, Field(ge=16, le=20)]  # fifteen /24 are needed
    asn: Count
    vmid: Annotated[StrictInt, Field(ge=100)]  # Proxmox VE: VMIDs below 100 are reserved
    retired: tuple[Count, ...] = ()  # slots of sites that are gone: never given again


class ZoneRule(Written):
    """A zone that sites can have: which /24 of the site, and which VLAN, or the UDP port where the gateway awaits its devices' tunnels.

    `vpn`, whose tunnels lead to the hubs, has neither.
    """

    index: Annotated[StrictInt, Field(ge=0, le=15)]
    title: Title
    vlan: Vlan | None = None
    port: Port | None = None
    dhcp: Flag = False


class Medium(StrEnum):
    """What an uplink runs over: fibre, whose segments are known, or radio, which tells that a site has power."""

    FIBRE = "fibre"
    RADIO = "radio"


def _medium(value: object) -> Medium:
    if isinstance(value, str) and value in set(Medium):
        return Medium(value)
    raise refusal(f"`{value}` is no medium", ", ".join(Medium))


class UplinkRule(Written):
    """A kind of uplink: its access network, a /30 per slot, and the port where hubs listen."""

    index: Annotated[StrictInt, Field(ge=0, le=7)]
    title: Title
    vlan: Vlan
    access: Prefix
    port: Port
    medium: Annotated[Medium, BeforeValidator(_medium)] = Medium.FIBRE


class NodeDefaults(Written):
    """What guests use of a node."""

    bridge: Label
    datastore: Label
    memory_reserve: Count  # MiB
    disk_reserve: Count  # GiB


class PartnerRule(Written):
    """A partner with a counter at some centres: the only host that his counter reaches."""

    title: Title
    address: Address


class Country(Written):
    """Another country: its numbering, its operator and its domain. `name` is the name of its file."""

    name: Label
    title: Title
    domain: Domain
    numbering: Numbering
    uplinks: Mapping[Label, UplinkRule]
    hubs: Annotated[tuple[Label, ...], Field(max_length=MAX_HUBS)] = ()
    time_servers: tuple[Domain, ...]
    dns_upstream: tuple[Address, ...]


class National(Written):
    """The whole file."""

    format: Literal[1]
    domain: Domain
    numbering: Numbering
    zones: Mapping[ZoneName, ZoneRule]
    uplinks: Mapping[Label, UplinkRule]
    hubs: Annotated[tuple[Label, ...], Field(min_length=1, max_length=MAX_HUBS)]
    time_servers: tuple[Domain, ...]
    dns_upstream: tuple[Address, ...]
    node: NodeDefaults
    partners: Mapping[Label, PartnerRule] = Field(default_factory=dict)

    def within(self, country: Country) -> National:
        """Return the same rules with the numbers of another country."""
        own = ("domain", "numbering", "uplinks", "hubs", "time_servers", "dns_upstream")
        return self.model_copy(update={name: getattr(country, name) for name in own})
