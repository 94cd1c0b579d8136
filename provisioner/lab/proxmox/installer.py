"""A node as Proxmox's installer leaves it: root@pam with a password, the bridge vmbr0, a directory storage `local`."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

from provisioner.lab.proxmox.access import ROOT
from provisioner.lab.proxmox.auth import hash_password
from provisioner.lab.proxmox.store import Store
from provisioner.lab.proxmox.values import Document, strings

BUILT_IN_STORAGE = "local"
CONTENT = "backup,import,iso,vztmpl"  # what the installer of Proxmox VE 9 writes: no disk images until the operator allows them
_BRIDGE: Document = {
    "iface": "vmbr0",
    "type": "bridge",
    "method": "static",
    "method6": "manual",
    "families": ["inet"],
    "autostart": 1,
    "active": 1,
    "bridge_ports": "",
    "bridge_stp": "off",
    "bridge_fd": "0",
    "priority": 3,
    "address": "127.0.0.1",
    "netmask": "8",
    "cidr": "127.0.0.1/8",
}


def database(root: Path) -> Path:
    """Return the file of the API's state."""
    return root / "pve.db"


def node_folder(root: Path, node: str) -> Path:
    """Return the folder of a node's files."""
    return root / "nodes" / node


def storage_folder(root: Path, node: str, storage: str) -> Path:
    """Return the folder of a directory storage on a node."""
    return node_folder(root, node) / "storage" / storage


def add_node(root: Path, name: str, root_password: str) -> None:
    """Add a node to the lab, also while the server runs. One that is there already keeps all but root's password.

    The password is the whole cluster's root@pam: the last one set holds, as on a real cluster.
    """
    store = Store(database(root))
    try:
        with store.transaction():
            _cluster(store, root_password)
            if store.get("node", name) is None:
                store.put("node", name, {"uuid": str(uuid.uuid4())})
                store.put("network", f"{name}/vmbr0", _BRIDGE)
    finally:
        store.close()
    storage_folder(root, name, BUILT_IN_STORAGE).mkdir(parents=True, exist_ok=True)


def _cluster(store: Store, root_password: str) -> None:
    user = store.get("user", ROOT) or {"enable": 1, "groups": []}
    store.put("user", ROOT, user | {"password": hash_password(root_password)})
    if store.get("storage", BUILT_IN_STORAGE) is None:
        store.put("storage", BUILT_IN_STORAGE, {"type": "dir", "path": "/var/lib/vz", "content": CONTENT})


def remove_node(root: Path, name: str) -> None:
    """Remove a node with its files and all that is kept of its guests. The caller has stopped them and removed its network."""
    store = Store(database(root))
    try:
        with store.transaction():
            gone = {key for key, guest in store.items("guest") if guest.get("node") == name}
            for key in gone:
                store.delete("guest", key)
                for part in ("firewall", "acl"):
                    prefix = f"{key}/" if part == "firewall" else f"/vms/{key}|"
                    for found in store.keys(part, prefix):
                        store.delete(part, found)
            for pool, document in store.items("pool"):
                store.put("pool", pool, document | {"vms": [vmid for vmid in strings(document.get("vms")) if vmid not in gone]})
            for kind in ("network", "network_new", "dns", "hosts"):
                for key in store.keys(kind, f"{name}/"):
                    store.delete(kind, key)
            store.delete("option", f"network_pending/{name}")
            store.delete("node", name)
            store.connection.execute("DELETE FROM task_line WHERE upid IN (SELECT upid FROM task WHERE node = ?)", (name,))
            store.connection.execute("DELETE FROM task WHERE node = ?", (name,))
    finally:
        store.close()
    shutil.rmtree(node_folder(root, name), ignore_errors=True)
