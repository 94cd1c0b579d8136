"""Where the set-up puts things, and the versions it pins."""

from __future__ import annotations

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
VENV = CHECKOUT / ".venv"
LOCK = CHECKOUT / "requirements.lock"
SOURCES = CHECKOUT / "stacks" / "engine"
ENGINE_VERSION = "3.259.0"
PLUGIN_VERSION = "8.6.0"
PLUGIN_FOLDER = f"resource-proxmoxve-v{PLUGIN_VERSION}"  # the name the engine looks for in PULUMI_HOME/plugins
OLDEST_GO = (1, 26)


class SetupError(Exception):
    """A step of the set-up failed; the text says where, what, and the remedy."""


def cache() -> Path:
    """Return the folder of what can be made again, as provisioner.places does."""
    if chosen := os.environ.get("TERANGA_CACHE"):
        return Path(chosen).resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "teranga"


def state() -> Path:
    """Return the folder of what must not be lost, as provisioner.places does."""
    if chosen := os.environ.get("TERANGA_STATE"):
        return Path(chosen).resolve()
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "teranga"


def engine_cache() -> Path:
    """Return the folder of built engines and plugins."""
    return cache() / "engine"


def logs() -> Path:
    """Return the folder of the set-up's logs."""
    return cache() / "log"
