"""Nodes: list, status, and the version of what answers."""

from __future__ import annotations

import hashlib
import ssl

from provisioner.lab.proxmox import figures
from provisioner.lab.proxmox.access import Need
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.installer import node_folder
from provisioner.lab.proxmox.values import Document, Json

CALLS = Calls()
VERSION = "9.2.11"
RELEASE = "9.2"
REPOSITORY = "7465616e67617261"  # 16 hexadecimal digits as the real one's; here: that it is the lab

CALLS.index("/", "subdir", ("version", "cluster", "nodes", "storage", "access", "pools"))
CALLS.index("/nodes/{node}", "name", ("dns", "firewall", "network", "qemu", "status", "storage", "tasks", "time", "version"))


@CALLS.get("/version")
def version(_: Call) -> Json:
    """Return the version that the API stands for."""
    return {"version": VERSION, "release": RELEASE, "repoid": REPOSITORY}


@CALLS.get("/nodes/{node}/version")
def node_version(_: Call) -> Json:
    """Return a node's version."""
    return {"version": VERSION, "release": RELEASE, "repoid": REPOSITORY}


def fingerprint(call: Call) -> str:
    """Return the SHA-256 of the server's certificate, in pairs of digits."""
    text = (call.lab.root / "pve-ssl.pem").read_text()
    der = ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN CERTIFICATE-----") :])
    return ":".join(f"{byte:02X}" for byte in hashlib.sha256(der).digest())


def node_row(call: Call, node: str) -> Document:
    """Return what lists show of a node; the figures only to those who may see them."""
    row: Document = {
        "node": node,
        "type": "node",
        "id": f"node/{node}",
        "status": "online",
        "level": "",
        "ssl_fingerprint": fingerprint(call),
    }
    if not call.allowed(f"/nodes/{node}", "Sys.Audit"):
        return row
    total, used = figures.memory()
    space = figures.space(call.lab.root)
    return row | {
        "maxmem": total,
        "mem": used,
        "maxcpu": figures.processors(),
        "cpu": min(1.0, figures.load()[0] / figures.processors()),
        "uptime": figures.uptime(),
        "maxdisk": space["total"],
        "disk": space["used"],
    }


@CALLS.get("/nodes")
def list_nodes(call: Call) -> Json:
    """Return the nodes of the lab."""
    return [node_row(call, node) for node in call.lab.store.keys("node")]


@CALLS.get("/nodes/{node}/status", allow=Need("/nodes/{node}", "Sys.Audit"))
def node_status(call: Call) -> Json:
    """Return a node's figures: those of the machine that carries the lab."""
    total, used = figures.memory()
    space = figures.space(node_folder(call.lab.root, call.node))
    return {
        "pveversion": f"pve-manager/{VERSION}/{REPOSITORY}",
        "kversion": "{sysname} {release} {version}".format(**figures.kernel()),
        "uptime": figures.uptime(),
        "cpu": min(1.0, figures.load()[0] / figures.processors()),
        "wait": 0,
        "loadavg": [f"{value:.2f}" for value in figures.load()],
        "cpuinfo": figures.processor(),
        "idle": 0,
        "boot-info": {"mode": "efi" if figures.booted_by_uefi() else "legacy-bios"},
        "current-kernel": figures.kernel(),
        "memory": {"total": total, "used": used, "free": total - used, "available": total - used},
        "rootfs": {"total": space["total"], "used": space["used"], "avail": space["avail"], "free": space["avail"]},
        "swap": {"total": 0, "used": 0, "free": 0},
        "ksm": {"shared": 0},
    }
