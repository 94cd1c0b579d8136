"""Terminals and printers: a number once per zone, a MAC address once in the country."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.errors import Problem
from provisioner.load.folder import Folder
from provisioner.load.unique import Once


def device_problems(folder: Folder) -> Iterator[Problem]:
    """Yield numbers and MAC addresses that are used twice."""
    macs = Once("MAC address", "read it from the label of the device")
    for entry in folder.sites.values():
        for zone, devices in (("terminals", entry.model.terminals), ("printers", entry.model.printers)):
            numbers = Once("number", "take a free one; the number of a device is never reused")
            for index, device in enumerate(devices):
                yield from numbers.use(device.number, entry.document, (zone, index, "number"))
                yield from macs.use(device.mac, entry.document, (zone, index, "mac"))
