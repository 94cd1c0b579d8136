"""Storage: the cluster's list, what each node sees of it, and the volumes on it."""

from __future__ import annotations

from provisioner.lab.proxmox import drives, figures, storages
from provisioner.lab.proxmox.access import EVERYONE, Need
from provisioner.lab.proxmox.calls import Call, Calls, check_digest
from provisioner.lab.proxmox.disk_image import create, format_of, virtual_size
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.parameters import DIGEST, VMID, boolean, integer, storage_id, text
from provisioner.lab.proxmox.sizes import to_bytes
from provisioner.lab.proxmox.storages import FOLDERS, Storage
from provisioner.lab.proxmox.tasks import Log
from provisioner.lab.proxmox.values import Document, Json, digest, split_list

CALLS = Calls()
CALLS.index("/nodes/{node}/storage/{storage}", "subdir", ("content", "download-url", "prunebackups", "status", "upload"))
_TYPES = ("btrfs", "cephfs", "cifs", "dir", "esxi", "iscsi", "iscsidirect", "lvm", "lvmthin", "nfs", "pbs", "rbd", "zfs", "zfspool")
_SEE = ("Datastore.Audit", "Datastore.AllocateSpace")
_SETTINGS = {
    "content": text(optional=True),
    "nodes": text(optional=True),
    "disable": boolean(),
    "shared": boolean(),
    "create-base-path": boolean(),
    "create-subdirs": boolean(),
    "mkdir": boolean(),
    "prune-backups": text(optional=True),
    "preallocation": text(optional=True, enum=("off", "metadata", "falloc", "full")),
    "bwlimit": text(optional=True),
    "format": text(optional=True, enum=("raw", "qcow2", "vmdk", "subvol")),
    "max-protected-backups": integer(optional=True, minimum=-1),
    "snapshot-as-volume-chain": boolean(),
    "is_mountpoint": text(optional=True),
}


def _checked_content(call: Call) -> None:
    for name in split_list(call.text("content")):
        if name not in FOLDERS and name != "none":
            raise Failure.parameter("content", f"invalid format - invalid content type '{name}'\n")


def _all(call: Call) -> Document:
    return dict(call.lab.store.items("storage"))


def _shown(call: Call, name: str, settings: Document) -> Document:
    return {"storage": name, "digest": digest(_all(call)), **settings}


@CALLS.get("/storage", parameters={"type": text(optional=True)})
def list_storages(call: Call) -> Json:
    """Return the storages of the cluster that the caller may see."""
    return [
        _shown(call, name, settings)
        for name, settings in call.lab.store.items("storage")
        if call.allowed_any(f"/storage/{name}", *_SEE) and call.text("type", str(settings["type"])) == settings["type"]
    ]


@CALLS.get("/storage/{storage}", allow=Need("/storage/{storage}", "Datastore.Allocate"))
def read_storage(call: Call) -> Json:
    """Return the settings of a storage."""
    name = call.text("storage")
    settings = call.lab.store.get("storage", name)
    if settings is None:
        raise Failure.of(f"storage '{name}' does not exist")
    return _shown(call, name, settings)


@CALLS.post(
    "/storage",
    allow=Need("/storage", "Datastore.Allocate"),
    parameters={"storage": text(check=storage_id), "type": text(enum=_TYPES), "path": text(optional=True), **_SETTINGS},
)
def add_storage(call: Call) -> Json:
    """Add a directory storage; other kinds need hardware that the lab has not."""
    name, kind = call.text("storage"), call.text("type")
    _checked_content(call)
    if kind != "dir":
        raise Failure.of(f"create storage failed: the lab has no storage of type '{kind}'")
    if not call.has("path"):
        raise Failure.of("missing value for required option 'path'")
    with call.lab.store.transaction():
        if call.lab.store.get("storage", name) is not None:
            raise Failure.of(f"create storage failed: storage ID '{name}' already defined")
        kept: Document = {key: value for key, value in call.parameters.items() if key not in ("storage", "disable")}
        call.lab.store.put("storage", name, kept | ({"disable": 1} if call.flag("disable") else {}))
    return {"storage": name, "type": kind}


@CALLS.put(
    "/storage/{storage}",
    allow=Need("/storage", "Datastore.Allocate"),
    parameters={**_SETTINGS, "delete": text(optional=True), "digest": DIGEST},
)
def change_storage(call: Call) -> Json:
    """Change a storage: its kinds of content, its nodes."""
    name = call.text("storage")
    _checked_content(call)
    with call.lab.store.transaction():
        kept = call.lab.store.get("storage", name)
        if kept is None:
            raise Failure.of(f"update storage failed: storage '{name}' does not exist")
        check_digest(call, _all(call))
        changed: Document = {key: value for key, value in call.parameters.items() if key not in ("storage", "delete", "digest")}
        gone = split_list(call.text("delete")) + (("disable",) if call.has("disable") and not call.flag("disable") else ())
        call.lab.store.put("storage", name, {key: value for key, value in (kept | changed).items() if key not in gone})
    return {"storage": name, "type": kept["type"]}


@CALLS.delete("/storage/{storage}", allow=Need("/storage", "Datastore.Allocate"))
def remove_storage(call: Call) -> Json:
    """Forget a storage; its files stay, as on a real node."""
    if not call.lab.store.delete("storage", call.text("storage")):
        raise Failure.of(f"delete storage failed: storage '{call.text('storage')}' does not exist")
    return None


def _status(storage: Storage) -> Document:
    storage.folder.mkdir(parents=True, exist_ok=True)
    return {
        "type": storage.settings["type"],
        "content": ",".join(storage.content),
        "active": 1,
        "enabled": 1,
        "shared": int(bool(storage.settings.get("shared", 0))),
        **figures.space(storage.folder),
    }


@CALLS.get(
    "/nodes/{node}/storage",
    parameters={
        "content": text(optional=True),
        "enabled": boolean(),
        "format": boolean(),
        "storage": text(optional=True, check=storage_id),
        "target": text(optional=True),
    },
)
def list_node_storages(call: Call) -> Json:
    """Return the storages of a node that the caller may see, with their space."""
    wanted = split_list(call.text("content"))
    rows: list[Document] = []
    for name, settings in call.lab.store.items("storage"):
        if (
            not storages.available(settings, call.node)
            or not call.allowed_any(f"/storage/{name}", *_SEE)
            or call.text("storage", name) != name
        ):
            continue
        storage = storages.find(call.lab, call.node, name)
        if not wanted or set(wanted) & set(storage.content):
            status = _status(storage)
            rows.append({"storage": name, **status, "used_fraction": int(str(status["used"])) / int(str(status["total"]))})
    return rows


def _of_node(call: Call) -> Storage:
    if call.lab.store.get("storage", call.text("storage")) is None:
        raise Failure.parameter("storage", "No such storage.")
    return storages.find(call.lab, call.node, call.text("storage"))


@CALLS.get("/nodes/{node}/storage/{storage}/status", allow=Need("/storage/{storage}", *_SEE, any_of=True))
def storage_status(call: Call) -> Json:
    """Return the space of a storage on a node."""
    return _status(_of_node(call))


@CALLS.get(
    "/nodes/{node}/storage/{storage}/content",
    allow=Need("/storage/{storage}", *_SEE, any_of=True),
    parameters={"content": text(optional=True), "vmid": integer(optional=True, check=VMID.check)},
)
def list_content(call: Call) -> Json:
    """Return the volumes of a storage; a guest's only to those who may see the guest or own the storage."""
    storage = storages.find(call.lab, call.node, call.text("storage"))
    owner = call.allowed(f"/storage/{storage.name}", "Datastore.Allocate")
    return [
        storages.row(volume)
        for volume in storages.volumes(storage)
        if call.text("content", volume.content) == volume.content
        and (not call.has("vmid") or volume.vmid == call.vmid)
        and (owner or volume.vmid is None or call.allowed(f"/vms/{volume.vmid}", "VM.Config.Disk"))
    ]


@CALLS.post(
    "/nodes/{node}/storage/{storage}/content",
    allow=Need("/storage/{storage}", "Datastore.AllocateSpace"),
    parameters={
        "filename": text(),
        "vmid": VMID,
        "size": text(pattern=r"\d+[MG]?"),
        "format": text(optional=True, enum=("raw", "qcow2", "subvol", "vmdk")),
    },
)
def allocate(call: Call) -> Json:
    """Make an empty disk; a bare number of its size means KiB."""
    storage = storages.find(call.lab, call.node, call.text("storage"))
    volume = storages.named(storage, f"{call.vmid}/{call.text('filename')}")
    size = call.text("size")
    if volume.path.exists():
        raise Failure.of(f"disk image '{volume.declared}' already exists")
    create(volume.path, to_bytes(size) if size[-1] in "MG" else int(size) * 1024)
    return volume.id


def _may_see(call: Call, volume: storages.Volume) -> None:
    path = f"/storage/{volume.storage.name}"
    if call.allowed(path, "Datastore.Allocate"):
        return
    if volume.vmid is not None and call.allowed(f"/vms/{volume.vmid}", "VM.Config.Disk"):
        return
    call.require_any(path, *_SEE)


@CALLS.get("/nodes/{node}/storage/{storage}/content/{volume}")
def read_volume(call: Call) -> Json:
    """Return the size of one volume (the disk's, not the file's)."""
    volume = storages.volume(call.lab, call.node, call.text("volume"), call.text("storage"))
    _may_see(call, volume)
    if not volume.path.is_file():
        raise Failure.of(f"volume_size_info on '{volume.id}' failed - no format")
    if volume.content == "backup":
        row = storages.row(volume)
        return {key: row[key] for key in ("format", "size", "notes", "protected") if key in row} | {
            "path": volume.declared,
            "used": volume.used,
        }
    form = "raw" if volume.content == "iso" else format_of(volume.path)
    return {"path": volume.declared, "size": virtual_size(volume.path), "used": volume.used, "format": form}


@CALLS.delete(
    "/nodes/{node}/storage/{storage}/content/{volume}", allow=EVERYONE, parameters={"delay": integer(optional=True, minimum=1, maximum=30)}
)
def delete_volume(call: Call) -> Json:
    """Delete a volume; a missing one is no error."""
    volume = storages.volume(call.lab, call.node, call.text("volume"), call.text("storage"))
    call.require(f"/storage/{volume.storage.name}", "Datastore.Allocate")

    if volume.content == "backup" and storages.protected(volume):
        raise Failure.of(f"can't remove protected backup '{volume.id}'")

    def work(log: Log) -> None:
        storages.refuse_used(volume)
        drives.remove(volume)
        log(f"Removed volume '{volume.id}'")

    return call.task("imgdel", f"{volume.vmid}@{volume.storage.name}" if volume.vmid is not None else volume.storage.name, work)
