"""What a site's node has, and on which of its disks Proxmox VE is installed."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from provisioner.model.words import Mac, Serial, Some, Title, UdevKey, Written, refusal


class Filesystem(StrEnum):
    """What the installer can put on the disks."""

    ZFS = "zfs"
    EXT4 = "ext4"
    XFS = "xfs"


class Raid(StrEnum):
    """How ZFS joins the disks; the names are the installer's."""

    RAID0 = "raid0"
    RAID1 = "raid1"
    RAID10 = "raid10"
    RAIDZ1 = "raidz-1"
    RAIDZ2 = "raidz-2"


def _filesystem(value: object) -> Filesystem:
    if isinstance(value, str) and value in set(Filesystem):
        return Filesystem(value)
    raise refusal(f"`{value}` is no file system of the installer", ", ".join(Filesystem))


def _raid(value: object) -> Raid:
    if isinstance(value, str) and value in set(Raid):
        return Raid(value)
    raise refusal(f"`{value}` is no RAID level of the installer", ", ".join(Raid))


class Disks(Written):
    """The disks that the installer wipes: those whose udev properties match, all of them and no other."""

    filesystem: Annotated[Filesystem, BeforeValidator(_filesystem)]
    raid: Annotated[Raid, BeforeValidator(_raid)] | None = None
    match: Annotated[Mapping[UdevKey, Title], Field(min_length=1)]

    @model_validator(mode="after")
    def _raid_belongs_to_zfs(self) -> Self:
        if (self.filesystem is Filesystem.ZFS) != (self.raid is not None):
            raise refusal(f"{self.filesystem} and raid {self.raid} do not go together", "zfs needs a raid level, ext4 and xfs take none")
        return self


class Hardware(Written):
    """What the site's node has."""

    cores: Some
    memory: Some  # MiB
    disk: Some  # GiB
    serial: Serial | None = None
    mac: Mac | None = None  # of the card that the installer uses
    disks: Disks | None = None  # needed to install the bare node
