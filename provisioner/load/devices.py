"""Devices: a number once per zone, a MAC address and a serial number once over all sites."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.errors import Problem
from provisioner.load.folder import Folder
from provisioner.load.unique import Once
from provisioner.model import Site

Loc = tuple[str | int, ...]


def device_problems(folder: Folder) -> Iterator[Problem]:
    """Yield numbers, MAC addresses, serial numbers and public keys that are used twice."""
    once = {
        "mac": Once("MAC address", "read it from the label of the device"),
        "serial": Once("serial number", "read it from the label of the device"),
        "public_key": Once("public key", "each device makes its own pair; run `wg pubkey` on it"),
    }
    for entry in folder.sites.values():
        for loc, value in _numbers(entry.model):
            kind = str(loc[-1])
            if kind == "number" and loc[1] == 0:  # another list begins
                once["number"] = Once("number", "take a free one; the number of a device is never reused")
            if value is not None:
                yield from once[kind].use(value, entry.document, loc)


def _numbers(site: Site) -> Iterator[tuple[Loc, int | str | None]]:
    """Yield what must be unique at a site, with its place; each list's numbers are unique in the list alone."""
    yield ("node", "mac"), site.node.mac
    yield ("node", "serial"), site.node.serial
    for zone, devices in (("terminals", site.terminals), ("printers", site.printers), ("kiosks", site.kiosks)):
        for index, device in enumerate(devices):
            yield (zone, index, "number"), device.number
            yield (zone, index, "mac"), device.mac
            yield (zone, index, "serial"), device.serial
    for index, piece in enumerate(site.equipment):
        yield ("equipment", index, "number"), piece.number
        yield ("equipment", index, "serial"), piece.serial
    for index, agent in enumerate(site.agents):
        yield ("agents", index, "number"), agent.number
        yield ("agents", index, "public_key"), agent.public_key
