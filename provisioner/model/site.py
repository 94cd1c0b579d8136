"""What the file of a site says: a centre, a pole or a hub."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictInt

from provisioner.model.national import MAX_HUBS
from provisioner.model.profile import Kind
from provisioner.model.words import Count, Flag, Label, Mac, Some, Title, Written

MAX_DEVICES = 149  # .101 to .249: .250 and .251 are the vantages of a zone


class Device(Written):
    """A terminal or printer: its number fixes its address, its MAC address finds it."""

    number: Annotated[StrictInt, Field(ge=1, le=MAX_DEVICES)]
    mac: Mac
    title: Title | None = None


class Hardware(Written):
    """What the site's node has."""

    cores: Some
    memory: Some  # MiB
    disk: Some  # GiB


class Site(Written):
    """A site; `name` is the name of its file, `kind` that of its folder."""

    name: Label
    kind: Kind
    title: Title
    slot: Count
    profile: Label
    wireless: Flag = False
    hubs: Annotated[tuple[Label, ...], Field(max_length=MAX_HUBS)] | None = None
    uplinks: Annotated[tuple[Label, ...], Field(min_length=1)] | None = None
    services: tuple[Label, ...] | None = None
    node: Hardware
    terminals: tuple[Device, ...] = ()
    printers: tuple[Device, ...] = ()
