"""What the machine that carries the lab shows: the nodes' processors, memory and disk are its own, shared by all nodes."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from provisioner.lab.proxmox.values import Document, Json


def memory() -> tuple[int, int]:
    """Return total and used bytes of memory (/proc/meminfo)."""
    rows = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    total, free = (int(rows[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    return total, total - free


def uptime() -> int:
    """Return the seconds since the machine started."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME))


def processors() -> int:
    """Return how many processors there are."""
    return os.cpu_count() or 1


def load() -> tuple[float, float, float]:
    """Return the load averages."""
    return os.getloadavg()


def space(folder: Path) -> Document:
    """Return total, used and avail bytes of the file system that holds a folder."""
    usage = shutil.disk_usage(folder)
    return {"total": usage.total, "used": usage.used, "avail": usage.free}


def kernel() -> dict[str, Json]:
    """Return name, release, version and machine of the kernel (uname(2))."""
    found = os.uname()
    return {"sysname": found.sysname, "release": found.release, "version": found.version, "machine": found.machine}


def booted_by_uefi() -> bool:
    """Return whether the machine was started by UEFI."""
    return Path("/sys/firmware/efi").exists()


def processor() -> dict[str, Json]:
    """Return what the machine says of its processor (/proc/cpuinfo)."""
    lines = Path("/proc/cpuinfo").read_text().partition("\n\n")[0].splitlines()
    said = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    count = processors()
    return {
        "model": said.get("model name", ""),
        "vendor": said.get("vendor_id", ""),
        "family": said.get("cpu family", ""),
        "mhz": said.get("cpu MHz", "0"),
        "flags": said.get("flags", ""),
        "hvm": "1" if {"vmx", "svm"} & set(said.get("flags", "").split()) else "",
        "cpus": count,
        "cores": count,
        "sockets": 1,
        "user_hz": os.sysconf("SC_CLK_TCK"),
    }
