"""Storages and their volumes: where each kind of content lies in a directory storage, and what a volume's name says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from provisioner.lab.proxmox.calls import Lab
from provisioner.lab.proxmox.disk_image import backing, format_of, virtual_size
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.installer import storage_folder
from provisioner.lab.proxmox.values import Document, split_list

FOLDERS = {
    "iso": "template/iso",
    "vztmpl": "template/cache",
    "import": "import",
    "images": "images",
    "backup": "dump",
    "snippets": "snippets",
    "rootdir": "private",
}
ENDINGS = {
    "iso": (".iso", ".img"),
    "vztmpl": (".tar.gz", ".tar.xz", ".tar.zst"),
    "import": (".qcow2", ".raw", ".vmdk", ".ova"),
}
_IMAGE = re.compile(r"(?:\d+/base-\d+-[A-Za-z0-9._-]+/)?(\d+)/((?:vm|base)-(\d+)-[A-Za-z0-9._-]+)\Z")
_BACKUP = re.compile(r"vzdump-qemu-(\d+)-\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d\.(vma(?:\.(?:gz|lzo|zst))?)\Z")
_FILE = re.compile(r"(iso|vztmpl|import|backup|snippets)/([^/]+)\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """A storage of the cluster, seen from one node."""

    name: str
    node: str
    settings: Document
    folder: Path

    @property
    def content(self) -> tuple[str, ...]:
        """Return the kinds of content it may hold."""
        return split_list(str(self.settings.get("content", "images,rootdir")))

    @property
    def declared(self) -> str:
        """Return the path that the configuration says."""
        return str(self.settings.get("path", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A file on a storage."""

    storage: Storage
    name: str  # iso/x.iso, 910/vm-910-disk-0.qcow2
    content: str
    path: Path
    vmid: int | None = None

    @property
    def id(self) -> str:
        """Return `storage:name`."""
        return f"{self.storage.name}:{self.name}"

    @property
    def declared(self) -> str:
        """Return the path as the node would show it."""
        return f"{self.storage.declared}/{self.path.relative_to(self.storage.folder)}"

    @property
    def used(self) -> int:
        """Return the bytes it takes on disk."""
        return self.path.stat().st_blocks * 512


def available(settings: Document, node: str) -> bool:
    """Return whether a storage exists on a node."""
    nodes = split_list(str(settings.get("nodes", "")))
    return not settings.get("disable") and (not nodes or node in nodes)


def find(lab: Lab, node: str, name: str) -> Storage:
    """Return a storage as a node sees it; raise Proxmox's refusal if there is none."""
    settings = lab.store.get("storage", name)
    if settings is None:
        raise Failure.of(f"storage '{name}' does not exist")
    if not available(settings, node):
        raise Failure.of(f"storage '{name}' is not available on node '{node}'")
    folder = storage_folder(lab.root, node, name)
    return Storage(name=name, node=node, settings=settings, folder=folder)


def named(storage: Storage, name: str) -> Volume:
    """Return the volume of a name, whether its file exists or not."""
    if found := _IMAGE.match(name):
        return Volume(
            storage=storage, name=name, content="images", path=storage.folder / "images" / found[1] / found[2], vmid=int(found[1])
        )
    if found := _FILE.match(name):
        backup = _BACKUP.match(found[2]) if found[1] == "backup" else None
        vmid = int(backup[1]) if backup else None
        return Volume(storage=storage, name=name, content=found[1], path=storage.folder / FOLDERS[found[1]] / found[2], vmid=vmid)
    raise Failure.of(f"unable to parse directory volume name '{name}'")


def volume(lab: Lab, node: str, volid: str, default: str | None = None) -> Volume:
    """Return the volume of an id `storage:name` (or of a bare name on a default storage)."""
    storage, colon, name = volid.partition(":")
    if not colon:
        if default is None:
            raise Failure.of(f"unable to parse volume ID '{volid}'")
        storage, name = default, volid
    return named(find(lab, node, storage), name)


def existing(lab: Lab, node: str, volid: str) -> Volume:
    """Return a volume whose file exists; raise Proxmox's refusal otherwise."""
    found = volume(lab, node, volid)
    if not found.path.is_file():
        raise Failure.of(f"volume '{volid}' does not exist")
    return found


def volumes(storage: Storage) -> Iterator[Volume]:
    """Return every volume on a storage, sorted by name. Hidden files are the lab's own."""
    for content in storage.content:
        folder = storage.folder / FOLDERS.get(content, content)
        for path in _files(folder, deep=content == "images"):
            try:
                name = _image_name(path) if content == "images" else f"{content}/{path.name}"
            except FileNotFoundError:  # deleted meanwhile
                continue
            if (content == "images" and not _IMAGE.match(name)) or (content == "backup" and not _BACKUP.match(path.name)):
                continue
            yield named(storage, name)


def _files(folder: Path, *, deep: bool) -> list[Path]:
    """Return the files of a folder, or of each folder in it; one that is deleted meanwhile is left out."""
    found: list[Path] = []
    for inside in folder.iterdir() if deep and folder.is_dir() else [folder]:
        try:
            found += [path for path in inside.iterdir() if path.is_file() and not path.name.startswith(".")]
        except (FileNotFoundError, NotADirectoryError):
            continue
    return sorted(found)


def _image_name(path: Path) -> str:
    """Return the name of a disk; that of a linked clone begins with its template's."""
    base = backing(path) if path.suffix == ".qcow2" else None
    own = f"{path.parent.name}/{path.name}"
    return own if base is None else f"{base.parent.name}/{base.name}/{own}"


def linked_disk(base: Volume, vmid: int) -> Volume:
    """Return the first free disk name of a guest for a clone that is linked to a template's disk."""
    free = new_disk(base.storage, vmid, "qcow2")
    return named(base.storage, f"{base.name}/{free.name}")


def refuse_used(volume_: Volume) -> None:
    """Raise Proxmox's refusal if clones are linked to a template's disk."""
    if volume_.path.name.startswith("base-"):
        for path in volume_.storage.folder.glob("images/*/*.qcow2"):
            if backing(path) == volume_.path:
                raise Failure.of(f"base volume '{volume_.name}' is still in use by linked cloned")


def row(volume_: Volume) -> Document:
    """Return what the content list shows of a volume."""
    stat = volume_.path.stat()
    shown: Document = {"volid": volume_.id, "content": volume_.content, "ctime": int(stat.st_mtime), "format": _format(volume_)}
    if volume_.content == "images":
        return shown | {"size": virtual_size(volume_.path), "used": volume_.used, "vmid": volume_.vmid, "parent": _parent(volume_.path)}
    if volume_.content == "backup":
        shown |= {"subtype": "qemu", "vmid": volume_.vmid}
        shown |= {"protected": 1} if protected(volume_) else {}
        shown |= {"notes": beside(volume_, "notes").read_text()} if beside(volume_, "notes").exists() else {}
    return shown | {"size": stat.st_size}


def beside(volume_: Volume, kind: str) -> Path:
    """Return the file beside a backup that holds its notes, or that protects it."""
    return volume_.path.with_name(f"{volume_.path.name}.{kind}")


def protected(volume_: Volume) -> bool:
    """Return whether a backup may not be removed."""
    return beside(volume_, "protected").exists()


def _parent(path: Path) -> str | None:
    base = backing(path) if path.suffix == ".qcow2" else None
    return None if base is None else f"../{base.parent.name}/{base.name}"


def _format(volume_: Volume) -> str:
    match volume_.content:
        case "iso":
            return "iso"
        case "backup":
            found = _BACKUP.match(volume_.path.name)
            return found[2] if found else "vma"
        case "vztmpl":
            return f"t{volume_.path.suffix.removeprefix('.')}"
        case _:
            return format_of(volume_.path)


def new_disk(storage: Storage, vmid: int, ending: str, taken: frozenset[str] = frozenset()) -> Volume:
    """Return the first free disk name of a guest; `taken`: names that are promised already. Ids count per guest, whatever the format."""
    folder = storage.folder / "images" / str(vmid)
    kept = {path.stem for path in folder.glob("*")} | {Path(name).stem for name in taken}
    number = 0
    while f"vm-{vmid}-disk-{number}" in kept or f"base-{vmid}-disk-{number}" in kept:
        number += 1
    return named(storage, f"{vmid}/vm-{vmid}-disk-{number}.{ending}")
