"""Backup archives: one file with a guest's configuration, its disks, and what its driver keeps beside them.

The name is Proxmox's (`vzdump-qemu-<vmid>-<time>.vma.zst`), the content is a tar: QEMU's own VMA writer is not there.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from provisioner import command
from provisioner.errors import CommandError
from provisioner.lab.proxmox import drives, guest_snapshots, origin, storages
from provisioner.lab.proxmox.calls import Lab
from provisioner.lab.proxmox.drives import Place
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.guest_parameters import DRIVE
from provisioner.lab.proxmox.guest_store import Guest
from provisioner.lab.proxmox.properties import joined, pairs
from provisioner.lab.proxmox.storages import Storage, Volume
from provisioner.lab.proxmox.tasks import Log
from provisioner.lab.proxmox.values import Document

_NAME = re.compile(r"vzdump-qemu-(\d+)-(\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d)\.(vma(?:\.(?:gz|zst))?)\Z")
_LONG = command.Run(timeout=timedelta(minutes=30))
ENDINGS = {"0": "", "1": ".gz", "gzip": ".gz", "zstd": ".zst"}
_PACKERS: dict[str, tuple[str, ...]] = {"": (), ".gz": ("--gzip",), ".zst": ("--zstd",)}
_CONFIG, _KEPT, _FIREWALL = "qemu-server.json", "kept.tar", "firewall.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """An archive on a storage, by what its name says."""

    vmid: int
    taken: datetime
    format: str  # vma.zst


def parsed(name: str) -> Backup | None:
    """Return what an archive's name says; None if it is no archive's."""
    found = _NAME.match(name)
    if found is None:
        return None
    return Backup(vmid=int(found[1]), taken=datetime.strptime(found[2], "%Y_%m_%d-%H_%M_%S").replace(tzinfo=UTC), format=found[3])


def new_volume(storage: Storage, vmid: int, compress: str, now: datetime) -> Volume:
    """Return where the next archive of a guest lies; raise Failure if that second has one already."""
    volume = storages.named(storage, f"backup/vzdump-qemu-{vmid}-{now:%Y_%m_%d-%H_%M_%S}.vma{ENDINGS[compress]}")
    if volume.path.exists():
        raise Failure.of(f"backup '{volume.id}' already exists")
    return volume


@contextmanager
def _folder(lab: Lab, name: str) -> Iterator[Path]:
    folder = lab.root / "tmp" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _packer(path: Path) -> tuple[str, ...]:
    return _PACKERS.get(path.suffix if path.suffix != ".vma" else "", ())


def pack(lab: Lab, guest: Guest, target: Path, log: Log) -> None:
    """Write a guest into a new archive; it appears whole or not at all."""
    place = Place(lab=lab, node=guest.node, vmid=guest.vmid)
    with _folder(lab, f"backup-{guest.vmid}") as folder:
        (folder / _CONFIG).write_text(json.dumps(guest.config))
        kept = {key.partition("/")[2]: document for key, document in lab.store.items("firewall", f"{guest.vmid}/")}
        (folder / _FIREWALL).write_text(json.dumps(kept))
        for key, volume in guest_snapshots.keyed_disks(place, guest.config):
            if pairs(str(guest.config[key]), DRIVE).get("backup") == "0":
                log(f"INFO: exclude disk '{key}' '{volume.id}' (backup=no)")
                continue
            log(f"INFO: include disk '{key}' '{volume.id}'")
            copy = folder / f"{key}.{volume.path.suffix.removeprefix('.') or 'raw'}"
            copy.hardlink_to(volume.path)
            origin.follow(volume.path, copy)
        lab.driver.save(guest.node, guest.vmid, folder / _KEPT)
        target.parent.mkdir(parents=True, exist_ok=True)
        new = target.with_name(f".{target.name}")
        try:
            command.run(("tar", "--sparse", *_packer(target), "-cf", new, "-C", folder, "."), _LONG)
            new.replace(target)
        finally:
            new.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What an archive gave: a configuration whose disks lie on their storages, and the volumes that were made."""

    config: Document
    volumes: tuple[Volume, ...]


@contextmanager
def unpacked(lab: Lab, archive: Volume, vmid: int) -> Iterator[Path]:
    """Yield a folder with an archive's content."""
    with _folder(lab, f"restore-{vmid}") as folder:
        try:
            command.run(("tar", "--sparse", *_packer(archive.path), "-xf", archive.path, "-C", folder), _LONG)
        except CommandError as error:
            raise Failure.of(f"unable to read the archive '{archive.id}': it is no backup of this lab") from error
        if not (folder / _CONFIG).is_file():
            raise Failure.of(f"unable to read the archive '{archive.id}': it holds no configuration")
        yield folder


def put_back(place: Place, folder: Path, storage: str, log: Log) -> Restored:
    """Make a guest's disks from an unpacked archive, each on its own storage or all on one."""
    config: Document = dict(json.loads((folder / _CONFIG).read_text()))
    made: list[Volume] = []
    try:
        for key, value in list(config.items()):
            if key.startswith("unused"):
                del config[key]
            elif drives.is_drive(key):
                shown, volume = _drive(place, folder, key, str(value), storage, log)
                config[key] = shown
                made += [volume] if volume else []
    except BaseException:
        for volume in made:
            drives.remove(volume)
        raise
    return Restored(config=config, volumes=tuple(made))


def _drive(place: Place, folder: Path, key: str, value: str, storage: str, log: Log) -> tuple[str, Volume | None]:
    given = pairs(value, DRIVE)
    file = given.pop("file", "none")
    name = storage or file.partition(":")[0]
    if drives.is_cloud_init(value):
        return drives.make(place, key, f"{name}:cloudinit", log)
    copy = next(folder.glob(f"{key}.*"), None)
    if copy is None:
        return value, None
    volume = storages.new_disk(storages.find(place.lab, place.node, name), place.vmid, copy.suffix.removeprefix("."))
    volume.path.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(copy, volume.path)
    origin.follow(copy, volume.path)
    log(f"{key}: restored to '{volume.id}'")
    return joined(volume.id, given), volume


def put_rest_back(lab: Lab, node: str, vmid: int, folder: Path) -> None:
    """Give back what the driver kept, and the guest's firewall."""
    lab.driver.load(node, vmid, folder / _KEPT)
    for key, document in json.loads((folder / _FIREWALL).read_text()).items():
        lab.store.put("firewall", f"{vmid}/{key}", document)
