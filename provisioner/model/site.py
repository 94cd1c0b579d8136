"""What the file of a site says: a centre, a pole or a hub."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field, StrictFloat, StrictInt

from provisioner.model.fibre import Feed
from provisioner.model.national import MAX_HUBS
from provisioner.model.node import Hardware
from provisioner.model.profile import Kind
from provisioner.model.words import Count, Flag, Label, Mac, PublicKey, Serial, Some, Title, Written, refusal

MAX_DEVICES = 149  # .101 to .249: .250 and .251 are the vantages of a zone


class Device(Written):
    """A terminal or printer: its number fixes its address, its MAC address finds it."""

    number: Annotated[StrictInt, Field(ge=1, le=MAX_DEVICES)]
    mac: Mac
    title: Title | None = None
    serial: Serial | None = None


class KioskKind(StrEnum):
    """What stands in the public's room."""

    WALL_TABLET = "wall-tablet"
    TABLET = "tablet"
    FEEDBACK_TABLET = "feedback-tablet"
    TOUCH_BOOTH = "touch-booth"


def _kiosk(value: object) -> KioskKind:
    if isinstance(value, str) and value in set(KioskKind):
        return KioskKind(value)
    raise refusal(f"`{value}` is no kind of kiosk", ", ".join(KioskKind))


class Kiosk(Device):
    """A device of the public's room."""

    kind: Annotated[KioskKind, BeforeValidator(_kiosk)]


class Equipment(Written):
    """What is delivered and kept without an address on the network, such as a pocket GPS."""

    number: Some
    kind: Label
    title: Title
    serial: Serial | None = None


class Agent(Written):
    """A field agent's device: its number fixes its address; no public key yet means not enrolled."""

    number: Annotated[StrictInt, Field(ge=1, le=MAX_DEVICES)]
    title: Title
    public_key: PublicKey | None = None


class Position(Written):
    """Where a site is that the list of communes does not hold: WGS 84, degrees."""

    latitude: Annotated[StrictFloat, Field(ge=-90, le=90)]
    longitude: Annotated[StrictFloat, Field(ge=-180, le=180)]
    region: Title


class Site(Written):
    """A site; `name` is the name of its file, `kind` that of its folder."""

    name: Label
    kind: Kind
    title: Title
    slot: Count
    profile: Label
    country: Label | None = None
    pole: Label | None = None
    commune: Label | None = None  # its line in communes.csv; the site's own name if that is one
    position: Position | None = None
    wireless: Flag = False
    hubs: Annotated[tuple[Label, ...], Field(max_length=MAX_HUBS)] | None = None
    uplinks: Annotated[tuple[Label, ...], Field(min_length=1)] | None = None
    services: tuple[Label, ...] | None = None
    node: Hardware
    terminals: tuple[Device, ...] = ()
    printers: tuple[Device, ...] = ()
    kiosks: tuple[Kiosk, ...] = ()
    equipment: tuple[Equipment, ...] = ()
    partner: Label | None = None
    agents: tuple[Agent, ...] = ()
    fibre: Feed | None = None

    @property
    def posts(self) -> int:
        """Return how many devices use the services: terminals and kiosks."""
        return len(self.terminals) + len(self.kiosks)
