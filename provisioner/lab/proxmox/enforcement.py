"""Keeps the hypervisor's firewall in force: after a change the rulesets of the nodes are made anew and given to the switch."""

from __future__ import annotations

import logging
import threading

from provisioner.lab.guests.driver import Switch
from provisioner.lab.guests.firewall import Filter
from provisioner.lab.proxmox.firewall_filter import filter_of, filters
from provisioner.lab.proxmox.store import Store

log = logging.getLogger(__name__)

_GATHER_SECONDS = 0.25  # Proxmox's own daemon looks every 10 s; rules come one by one, so some are gathered


class Enforcement:
    """Puts firewalls in force: soon after a change, and at once before a guest starts."""

    def __init__(self, store: Store, switch: Switch) -> None:
        """Begin with nothing in force."""
        self._store = store
        self._switch = switch
        self._applied: dict[str, Filter] = {}
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="firewall", daemon=True)

    def start(self) -> None:
        """Put in force what the store says now, and follow its changes."""
        self._changed.set()
        self._thread.start()

    def stop(self) -> None:
        """Put in force what is left, and end."""
        self._ended.set()
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join()

    def changed(self) -> None:
        """Say that something changed that a firewall may depend on."""
        self._changed.set()

    def settle(self, node: str, *, anew: bool = False) -> None:
        """Put a node's firewall in force now, `anew` also if nothing changed. Raises what the switch says if it cannot be."""
        with self._lock:
            self._put(node, filter_of(self._store, node), anew=anew)

    def _put(self, node: str, wanted: Filter, *, anew: bool = False) -> None:
        if (anew and wanted.cards) or self._applied.get(node) != wanted:
            self._switch.protect(node, wanted)
            self._applied[node] = wanted

    def _work(self) -> None:
        while not self._ended.is_set():
            self._changed.wait()
            self._ended.wait(_GATHER_SECONDS)
            self._changed.clear()
            try:
                self._settle_all()
            except Exception:  # what the store says cannot be resolved: the thread lives on for the next change
                log.exception("no firewall is in force anew")

    def _settle_all(self) -> None:
        with self._lock:
            for node, wanted in filters(self._store, self._store.keys("node")).items():
                try:
                    self._put(node, wanted)
                except Exception:  # another change may put it right; the rules before stay in force
                    log.exception("the firewall of %s is not in force", node)
