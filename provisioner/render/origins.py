"""Where what people wrote stands: the place of a key in the site's file, its profile, the catalogue, the national numbering plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from provisioner.load.document import Document, Value
from provisioner.load.folder import Folder
from provisioner.model import Inventory, Site
from provisioner.plan.plan import Plan

Loc = tuple[str | int, ...]


class Origin(StrEnum):
    """Who decided a value."""

    SITE = "site"
    PROFILE = "profile"
    SERVICE = "service"
    COUNTRY = "country"
    NATIONAL = "national"
    FILE_NAME = "file name"
    DEFAULT = "default"  # not written: the value that holds without it
    COMPUTED = "computed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One thing that a value comes from: where it is written, as `key = value`."""

    origin: Origin
    place: str  # file:line:column
    written: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What an explanation looks at: the files as written, the inventory and the plan made from them."""

    folder: Folder
    inventory: Inventory
    plan: Plan

    @property
    def model(self) -> Site:
        """Return the site as it is written."""
        return self.inventory.sites[self.plan.site]

    def site(self, *loc: str | int) -> Source:
        """Return where the site's file says it, or that it does not."""
        return _source(Origin.SITE, self.folder.sites[self.plan.site].document, loc)

    def file_name(self) -> Source:
        """Return the site's file, whose name is the site's."""
        shown = self.folder.sites[self.plan.site].document.shown
        return Source(origin=Origin.FILE_NAME, place=shown, written=self.plan.site)

    def profile(self, *loc: str | int) -> Source:
        """Return where the profile says it."""
        return _source(Origin.PROFILE, self.folder.profiles[self.plan.profile].document, loc)

    def service(self, name: str, *loc: str | int) -> Source:
        """Return where the catalogue says it."""
        return _source(Origin.SERVICE, self.folder.services[name].document, loc)

    def national(self, *loc: str | int) -> Source:
        """Return where the numbering plan says it: the country's own, where it has one, else the State's."""
        country = self.model.country
        if country is not None and country in self.folder.countries:
            document = self.folder.countries[country].document
            if written(document, loc[:1]):
                return _source(Origin.COUNTRY, document, loc)
        if self.folder.national is None:
            raise AssertionError(loc)
        return _source(Origin.NATIONAL, self.folder.national.document, loc)

    def either(self, *loc: str | int) -> Source:
        """Return where the site says it, else its profile."""
        document = self.folder.sites[self.plan.site].document
        return self.site(*loc) if written(document, loc) else self.profile(*loc)

    def hubs(self) -> Source:
        """Return where the list of hubs is written."""
        document = self.folder.sites[self.plan.site].document
        return self.site("hubs") if written(document, ("hubs",)) else self.national("hubs")

    def slot(self) -> Source:
        """Return the site's slot, from which its numbers follow."""
        return self.site("slot")

    def first_uplink(self) -> str:
        """Return the uplink of the zone `wan`."""
        return self.plan.uplinks[0].name


def written(document: Document, loc: Loc) -> bool:
    """Return whether a document has a value at `loc`."""
    return _value(document.value, loc)[0]


def _value(value: Value, loc: Loc) -> tuple[bool, Value]:
    for step in loc:
        if isinstance(value, Mapping) and step in value:
            value = value[str(step)]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return False, None
    return True, value


def _source(origin: Origin, document: Document, loc: Loc) -> Source:
    there, value = _value(document.value, loc)
    key = ".".join(str(step) for step in loc)
    if not there:
        return Source(origin=Origin.DEFAULT, place=document.place(()).split(":")[0], written=f"{key} is not written")
    return Source(origin=origin, place=document.place(loc), written=f"{key} = {_shown(value)}")


def _shown(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            plain = all(not isinstance(one, dict | list) for one in value)
            return f"[{', '.join(_shown(one) for one in value)}]" if plain else f"{len(value)} x"
        case dict():
            return "{" + ", ".join(f"{name}: {_shown(one)}" for name, one in value.items()) + "}"
        case _:
            return str(value)
