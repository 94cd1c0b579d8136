"""Every call that is served: the modules, one per object kind."""

from __future__ import annotations

from provisioner.lab.proxmox import (
    access_calls,
    agent_calls,
    backup_calls,
    cluster,
    firewall_calls,
    group_calls,
    guest_calls,
    guest_change,
    guest_clone,
    guest_create,
    guest_move,
    guest_power,
    guest_snapshots,
    login,
    network_calls,
    nodes,
    pool_calls,
    resources,
    right_calls,
    sdn_calls,
    sdn_subnets,
    storage_calls,
    task_calls,
    upload_calls,
)
from provisioner.lab.proxmox.calls import Calls, Route

_MODULES: tuple[Calls, ...] = (
    login.CALLS,
    cluster.CALLS,
    resources.CALLS,
    nodes.CALLS,
    task_calls.CALLS,
    storage_calls.CALLS,
    upload_calls.CALLS,
    guest_calls.CALLS,
    guest_create.CALLS,
    guest_change.CALLS,
    guest_power.CALLS,
    guest_snapshots.CALLS,
    guest_clone.CALLS,
    guest_move.CALLS,
    backup_calls.CALLS,
    agent_calls.CALLS,
    access_calls.CALLS,
    group_calls.CALLS,
    right_calls.CALLS,
    firewall_calls.CALLS,
    network_calls.CALLS,
    sdn_calls.CALLS,
    sdn_subnets.CALLS,
    pool_calls.CALLS,
)

ROUTES: tuple[Route, ...] = tuple(route for calls in _MODULES for route in calls.routes)
