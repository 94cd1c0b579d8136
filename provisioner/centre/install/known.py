"""Which machine is which site's node: by serial number and MAC address, and never by guessing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from provisioner.model import Inventory

_NO_SERIALS = frozenset({"", "none", "default string", "to be filled by o.e.m.", "system serial number", "not specified", "0123456789"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A machine that the inventory names: at least one of serial number and MAC address."""

    site: str
    serial: str | None
    mac: str | None  # lower case, colons


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A machine that asks for an answer, as the installer describes it."""

    serial: str
    macs: tuple[str, ...]

    @property
    def id(self) -> str:
        """Return what tells it from other machines."""
        return f"{self.serial or 'no serial'} {' '.join(self.macs)}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """A machine that gets no answer, and why."""

    why: str


def known(inventory: Inventory) -> tuple[Known, ...]:
    """Return the nodes that can be recognised."""
    sites = (site for _, site in sorted(inventory.sites.items()))
    return tuple(Known(site=site.name, serial=site.node.serial, mac=site.node.mac) for site in sites if site.node.serial or site.node.mac)


def _text(value: object, limit: int = 200) -> str:
    return value.strip()[:limit] if isinstance(value, str) else ""


def asking(body: bytes) -> Asking:
    """Return who asks; raise ValueError if the body is not what the installer sends."""
    said = json.loads(body)
    if not isinstance(said, dict):
        raise ValueError("no object")  # noqa: TRY004  for the caller all of these are a bad body
    dmi = said.get("dmi")
    system = dmi.get("system") if isinstance(dmi, dict) else None
    serial = _text(system.get("serial")) if isinstance(system, dict) else ""
    cards = said.get("network_interfaces")
    macs = [_text(card.get("mac")).lower() for card in cards if isinstance(card, dict)] if isinstance(cards, list) else []
    return Asking(serial="" if serial.lower() in _NO_SERIALS else serial, macs=tuple(sorted(filter(None, macs)))[:32])


def _same(one: Known, who: Asking) -> bool:
    return one.serial in (None, who.serial) and (one.mac is None or one.mac in who.macs)


def match(who: Asking, machines: Iterable[Known]) -> Known | Stranger:
    """Return the node that this machine is: all that the inventory says of it must hold. Anything else is a stranger."""
    listed = tuple(machines)
    found = [one for one in listed if _same(one, who)]
    if len(found) == 1:
        return found[0]
    if found:
        return Stranger(why=f"it looks like the nodes of {', '.join(one.site for one in found)}")
    for one in listed:
        if one.serial is not None and one.serial == who.serial:
            return Stranger(why=f"it has the serial number of {one.site}'s node, but not its MAC address {one.mac}")
        if one.mac is not None and one.mac in who.macs:
            return Stranger(why=f"it has the MAC address of {one.site}'s node, but not its serial number {one.serial}")
    return Stranger(why="neither its serial number nor a MAC address is in the inventory")
