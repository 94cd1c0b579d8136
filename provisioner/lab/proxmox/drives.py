"""Drives of a guest: what a client sends, the volume that is made for it, and what the configuration then says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.lab.proxmox import disk_image, origin, storages
from provisioner.lab.proxmox.calls import Lab
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.guest_parameters import DISK_KEYS, DRIVE
from provisioner.lab.proxmox.properties import joined, pairs
from provisioner.lab.proxmox.sizes import shown, to_bytes
from provisioner.lab.proxmox.storages import Volume
from provisioner.lab.proxmox.tasks import Log

_DRIVE = re.compile(rf"({'|'.join(DISK_KEYS)}|efidisk|tpmstate)\d+\Z")
_NEW = re.compile(r"([A-Za-z][A-Za-z0-9._-]*):(\d+(?:\.\d+)?)\Z")
_CLOUD_INIT = re.compile(r"([A-Za-z][A-Za-z0-9._-]*):cloudinit\Z")
_CLOUD_INIT_BYTES = 4 << 20
_EFI_BYTES = 4 << 20
_NO_VOLUME = ("none", "cdrom")
_PLAIN = ("raw", "qcow2", "vmdk")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where drives are made: on which node, for which guest."""

    lab: Lab
    node: str
    vmid: int


def is_drive(key: str) -> bool:
    """Return whether a configuration key is a drive."""
    return _DRIVE.match(key) is not None


def file_of(value: str) -> str:
    """Return the volume of a drive string."""
    return pairs(value, DRIVE).get("file", "none")


def is_cdrom(value: str) -> bool:
    """Return whether a drive holds a disc, the cloud-init one included."""
    given = pairs(value, DRIVE)
    return given.get("media") == "cdrom" or given.get("file") in _NO_VOLUME


def is_cloud_init(value: str) -> bool:
    """Return whether a drive is the guest's cloud-init drive."""
    return re.search(r":(\d+/vm-\d+-)?cloudinit(\.\w+)?\Z", file_of(value)) is not None


def storages_of(value: str) -> tuple[str, ...]:
    """Return the storages on which a drive string allocates."""
    name = file_of(value)
    found = _NEW.match(name) or _CLOUD_INIT.match(name)
    return (found[1],) if found else ()


def import_source(value: str) -> str | None:
    """Return the volume that a drive string imports."""
    return pairs(value, DRIVE).get("import-from")


def check(place: Place, value: str) -> None:
    """Raise what Proxmox refuses at once, before a task begins: an unknown storage, a storage that holds no images."""
    for name in storages_of(value):
        storage = storages.find(place.lab, place.node, name)
        if "images" not in storage.content:
            raise Failure.of(f"storage '{name}' does not support content-type 'images'")
    file = file_of(value)
    if not storages_of(value) and file not in _NO_VOLUME and not file.startswith("/"):
        storages.volume(place.lab, place.node, file)
    if file.startswith("/"):
        raise Failure.of("Only root can pass arbitrary filesystem paths.")


def make(place: Place, key: str, value: str, log: Log) -> tuple[str, Volume | None]:
    """Return what the configuration says of a drive, and the volume that was made for it (None: it was there)."""
    given = pairs(value, DRIVE)
    file = given.pop("file", "none")
    if found := _CLOUD_INIT.match(file):
        return _cloud_init(place, found[1], given)
    if found := _NEW.match(file):
        return _new(place, key, found, given, log)
    given.pop("import-from", None)
    if file not in _NO_VOLUME:
        volume = storages.volume(place.lab, place.node, file)
        if not volume.path.is_file():
            raise Failure.of(f"volume '{file}' does not exist")
        if volume.content == "images":
            given["size"] = shown(disk_image.virtual_size(volume.path))
        elif volume.content == "iso":
            given["size"] = shown(disk_image.virtual_size(volume.path))
            given.setdefault("media", "cdrom")
        file = volume.id
    return _written(file, given), None


def _written(file: str, given: Mapping[str, str]) -> str:
    return joined(file, given)


def _cloud_init(place: Place, storage: str, given: dict[str, str]) -> tuple[str, Volume | None]:
    ending = given.pop("format", "qcow2")
    volume = storages.named(storages.find(place.lab, place.node, storage), f"{place.vmid}/vm-{place.vmid}-cloudinit.{ending}")
    fresh = not volume.path.exists()
    if fresh:
        disk_image.create(volume.path, _CLOUD_INIT_BYTES)
    return _written(volume.id, {**given, "media": "cdrom"}), volume if fresh else None


def _new(place: Place, key: str, found: re.Match[str], given: dict[str, str], log: Log) -> tuple[str, Volume | None]:
    storage = storages.find(place.lab, place.node, found[1])
    source = given.pop("import-from", None)
    ending = given.pop("format", None)
    given.pop("size", None)
    if source is not None:
        origin_ = storages.volume(place.lab, place.node, source)
        if not origin_.path.is_file():
            raise Failure.of(f"failed to stat '{origin_.declared}'")
        ending = ending or (disk_image.format_of(origin_.path) if disk_image.format_of(origin_.path) in _PLAIN else "raw")
        volume = storages.new_disk(storage, place.vmid, ending)
        log(f"{key}: importing disk '{source}' to storage '{storage.name}'")
        disk_image.copy(origin_.path, volume.path)
        origin.note(origin_.path, volume.path)
    else:
        size = _EFI_BYTES if key.startswith("efidisk") else to_bytes(f"{found[2]}G")
        volume = storages.new_disk(storage, place.vmid, ending or "raw")
        disk_image.create(volume.path, size)
    log(f"{key}: successfully created disk '{volume.id},size={shown(disk_image.virtual_size(volume.path))}'")
    return _written(volume.id, {**given, "size": shown(disk_image.virtual_size(volume.path))}), volume


def resized(value: str, size: int) -> str:
    """Return a drive string with another size."""
    given = pairs(value, DRIVE)
    return _written(given.pop("file"), {**given, "size": shown(size)})


def volume_of(place: Place, value: str) -> Volume | None:
    """Return the image that a drive string names, if it is this guest's own."""
    file = file_of(value)
    if file in _NO_VOLUME or ":" not in file:
        return None
    volume = storages.volume(place.lab, place.node, file)
    return volume if volume.content == "images" and volume.vmid == place.vmid else None


def remove(volume: Volume) -> None:
    """Delete a volume's file, and the guest's folder with its last one."""
    volume.path.unlink(missing_ok=True)
    if volume.content == "backup":
        storages.beside(volume, "notes").unlink(missing_ok=True)
    origin.forget(volume.path)
    folder = volume.path.parent
    if volume.content == "images" and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
