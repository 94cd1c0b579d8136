"""How control reaches a site's node in the lab: the API's address, the installer's credential, the way to its guests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from provisioner import places
from provisioner.lab import rehearsal
from provisioner.lab.guests import process

_CA = "pve-root-ca.pem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What an engineer finds written on a freshly installed node."""

    url: str
    password_file: Path
    ca_file: Path
    ssh_proxy: tuple[str, ...]


def root() -> Path:
    """Return the folder of the lab's API."""
    return places.lab() / "api"


def password_file() -> Path:
    """Return the file with root@pam's password (mode 0600)."""
    return places.lab() / "root-password"


def port() -> int | None:
    """Return the port of the API that runs, or ran last."""
    file = places.lab() / "daemon.json"
    return int(json.loads(file.read_text())["port"]) if file.exists() else None


def api() -> int | None:
    """Return the PID of the lab's API if it runs."""
    file = places.lab() / "daemon.json"
    try:
        known = json.loads(file.read_text())
        pid = int(known["pid"])
        return pid if process.alive(pid) and process.ticks(pid) == known["started"] else None
    except (OSError, ValueError, KeyError):
        return None


def page() -> str | None:
    """Return the address of the lab's web page; None before the lab was up."""
    file = places.lab() / "daemon.json"
    port = json.loads(file.read_text()).get("page") if file.exists() else None
    return f"http://127.0.0.1:{port}/" if port else None


def of(site: str) -> Access | None:
    """Return the access to a site's node; None if the lab has no such node."""
    at = port()
    if at is None or not (places.lab() / "sites" / f"{site}.json").exists():
        return None
    proxy = ("ip", "netns", "exec", rehearsal.management(site), "nc", "-w", "60", "%h", "%p")
    return Access(url=f"https://127.0.0.1:{at}", password_file=password_file(), ca_file=root() / _CA, ssh_proxy=proxy)
