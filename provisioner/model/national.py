"""What `national.yml` says: the numbering plan and the defaults of every site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StrictInt

from provisioner.model.words import Address, Count, Domain, Flag, Label, Port, Prefix, Title, Vlan, Written, ZoneName

MAX_HUBS = 2  # two uplinks x two hubs: the four tunnels of a centre


class Numbering(Written):
    """Where every number comes from."""

    sites: Prefix
    site_length: Annotated[StrictInt, Field(ge=16, le=20)]  # fifteen /24 are needed
    asn: Count
    vmid: Annotated[StrictInt, Field(ge=100)]  # Proxmox VE: VMIDs below 100 are reserved


class ZoneRule(Written):
    """A zone that sites can have: which /24 of the site, which VLAN (none for `vpn`)."""

    index: Annotated[StrictInt, Field(ge=0, le=15)]
    title: Title
    vlan: Vlan | None = None
    dhcp: Flag = False


class UplinkRule(Written):
    """A kind of uplink: its access network, a /30 per slot, and the port where hubs listen."""

    index: Annotated[StrictInt, Field(ge=0, le=7)]
    title: Title
    vlan: Vlan
    access: Prefix
    port: Port


class NodeDefaults(Written):
    """What guests use of a node."""

    bridge: Label
    datastore: Label
    memory_reserve: Count  # MiB
    disk_reserve: Count  # GiB


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
