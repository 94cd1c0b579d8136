"""Every call that is served: the modules, one per object kind."""

from __future__ import annotations

from provisioner.lab.proxmox import cluster, login, nodes, task_calls
from provisioner.lab.proxmox.calls import Calls, Route

_MODULES: tuple[Calls, ...] = (
    login.CALLS,
    cluster.CALLS,
    nodes.CALLS,
    task_calls.CALLS,
)

ROUTES: tuple[Route, ...] = tuple(route for calls in _MODULES for route in calls.routes)
