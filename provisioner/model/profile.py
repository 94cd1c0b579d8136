"""What a profile says: which zones, services, flows and sizes a kind of site has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from provisioner.model.size import Size
from provisioner.model.words import Flag, Label, Port, Title, Written, ZoneName, refusal

_END = re.compile(r"[a-z][a-z0-9-]*(/[a-z][a-z0-9-]*)?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
OWN_GATEWAY = "gateway"
EACH_GUEST = "each-guest"
EACH_SERVICE = "each-service"
PARTNER = "partner"  # `wan/partner`: the host of the site's partner


class Kind(StrEnum):
    """What kind of site a profile is for; the folder of a site says its kind."""

    CENTRE = "centre"
    POLE = "pole"
    HUB = "hub"


def _kind(value: object) -> Kind:
    if isinstance(value, str) and value in set(Kind):
        return Kind(value)
    raise refusal(f"`{value}` is not a kind of site", "centre, pole or hub")


def _ends(value: object) -> tuple[str, ...]:
    ends = tuple(value) if isinstance(value, list) else (value,)
    for end in ends:
        if not isinstance(end, str) or not _END.fullmatch(end):
            raise refusal(
                f"`{end}` is not an end of a flow", "zone, zone/guest, zone/each-guest, zone/each-service, wan/partner or gateway"
            )
    if not ends:
        raise refusal("a flow needs two ends", "name at least one zone")
    return tuple(str(end) for end in ends)


def day(value: object) -> date:
    """Return the day that a person wrote."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise refusal(f"`{value}` is not a day", str(error)) from error
    raise refusal(f"`{value}` is not a day", "year-month-day, for example 2027-06-30")


_ENDS = {"type": "string", "pattern": f"^({_END.pattern})$"}
Ends = Annotated[
    tuple[str, ...], BeforeValidator(_ends), WithJsonSchema({"anyOf": [_ENDS, {"type": "array", "items": _ENDS, "minItems": 1}]})
]


class FlowRule(Written):
    """A template of flows: one flow for each zone and guest that it names and the site has."""

    id: Label
    source: Ends = Field(alias="from")
    destination: Ends = Field(alias="to")
    tcp: tuple[Port, ...] = ()
    udp: tuple[Port, ...] = ()
    icmp: Flag = False
    reason: Title
    owner: Title
    expires: Annotated[date, BeforeValidator(day)] | None = None


class Sizing(Written):
    """The sizes of a site's guests and where the figures come from."""

    source: Annotated[str, Field(min_length=1)]
    gateway: Size
    database: Size | None = None
    service: Size | None = None
    services: Mapping[Label, Size] = Field(default_factory=dict)  # instead of `service`, by name

    def of(self, service: str) -> Size | None:
        """Return the size of a service's guest."""
        return self.services.get(service, self.service)


class Profile(Written):
    """A kind of site; `name` is the name of its file."""

    name: Label
    kind: Annotated[Kind, BeforeValidator(_kind)]
    title: Title
    image: Label
    zones: tuple[ZoneName, ...]
    wireless_zones: tuple[ZoneName, ...] = ()
    uplinks: Annotated[tuple[Label, ...], Field(min_length=1)]
    services: tuple[Label, ...] = ()
    sizing: Sizing
    flows: tuple[FlowRule, ...]
