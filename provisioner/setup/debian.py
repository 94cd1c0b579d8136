"""The Debian packages of the host: a named list, only what is missing, and no daemon starts."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from provisioner.setup import programs
from provisioner.setup.layout import SetupError

PACKAGES = (
    "bind9-dnsutils",
    "cloud-image-utils",
    "curl",
    "dosfstools",
    "gdisk",
    "git",
    "grub-common",
    "grub-efi-amd64-bin",
    "grub-pc-bin",
    "iproute2",
    "make",
    "minisign",
    "mmdebstrap",
    "mtools",
    "netcat-openbsd",
    "nftables",
    "openssh-client",
    "openssl",
    "ovmf",
    "prometheus",  # promtool; no daemon starts
    "prometheus-alertmanager",  # notifications are counted against a real one
    "prometheus-blackbox-exporter",  # peers of `make bench`
    "prometheus-snmp-exporter",
    "python3.11-venv",
    "qemu-system-x86",
    "qemu-utils",
    "snmpd",  # a real agent for tests
    "socat",
    "systemd-container",
    "udhcpc",
    "wireguard-go",
    "wireguard-tools",
)
POLICY = Path("/usr/sbin/policy-rc.d")
_KEPT = POLICY.with_name("policy-rc.d.before-teranga")
_FORBIDDEN = "#!/bin/sh\n# Made by Teranga's set-up while it installs packages: no daemon starts.\nexit 101\n"
_STATUS = Path("/var/lib/dpkg/status")
_INSTALL_SECONDS = 1800


def installed() -> frozenset[str]:
    """Return the packages that dpkg calls installed."""
    found = set()
    for entry in _STATUS.read_text(errors="replace").split("\n\n"):
        if "\nStatus: install ok installed" in entry:
            found.add(entry.split("\n", 1)[0].removeprefix("Package: "))
    return frozenset(found)


def missing() -> tuple[str, ...]:
    """Return the packages of the list that are not there, sorted."""
    there = installed() if _STATUS.exists() else frozenset()
    return tuple(name for name in PACKAGES if name not in there and not _otherwise(name))


def _otherwise(name: str) -> bool:
    """Tell whether a tool is there though its package is not (Python may come from elsewhere)."""
    return name == "python3.11-venv" and programs.read(["python3.11", "-c", "import ensurepip, venv"]) is not None


def left_over() -> bool:
    """Tell whether a killed installation left its prohibition of daemons behind."""
    return _KEPT.exists() or (POLICY.exists() and POLICY.read_text() == _FORBIDDEN)


@contextlib.contextmanager
def no_daemons() -> Iterator[None]:
    """Forbid packages to start daemons; what stood there before comes back, also after a kill (at the next run)."""
    if _KEPT.exists():
        _KEPT.replace(POLICY)
    ours = POLICY.exists() and POLICY.read_text() == _FORBIDDEN
    if POLICY.exists() and not ours:
        os.link(POLICY, _KEPT)
    fresh = POLICY.with_name("policy-rc.d.new-teranga")
    fresh.write_text(_FORBIDDEN)
    fresh.chmod(0o755)
    fresh.replace(POLICY)
    try:
        yield
    finally:
        if _KEPT.exists():
            _KEPT.replace(POLICY)
        else:
            POLICY.unlink(missing_ok=True)


def install(log: Path) -> None:
    """Install what is missing."""
    wanted = missing()
    if os.geteuid() != 0:
        raise SetupError(f"Debian packages: missing {' '.join(wanted)} (hint: run as root)")
    env = programs.environment(DEBIAN_FRONTEND="noninteractive")
    with no_daemons():
        if not wanted:
            return
        programs.run(["dpkg", "--configure", "-a"], log, _INSTALL_SECONDS, env=env)
        programs.run(["apt-get", "-q", "-o", "DPkg::Lock::Timeout=600", "update"], log, _INSTALL_SECONDS, env=env)
        argv = ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=600", "--no-install-recommends", "install", *wanted]
        programs.run(argv, log, _INSTALL_SECONDS, env=env)
