"""The node of each site holds its guests."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.errors import Problem
from provisioner.load.folder import Entry, Folder
from provisioner.model import National, Profile, Room, Site


def capacity_problems(folder: Folder) -> Iterator[Problem]:
    """Yield the sites whose guests need more than their node has."""
    if not folder.national:
        return
    for entry in folder.sites.values():
        if profile := folder.profiles.get(entry.model.profile):
            yield from _site(entry, _rooms(entry.model, profile.model), folder.national.model)


def _rooms(site: Site, profile: Profile) -> tuple[Room, ...]:
    names = profile.services if site.services is None else site.services
    sizing = profile.sizing
    sizes = [
        sizing.gateway,
        *([sizing.database] if sizing.database else []),
        *(size for name in names if (size := sizing.of(name))),
    ]
    return tuple(size.room(terminals=site.posts, services=len(names)) for size in sizes)


def _site(entry: Entry[Site], rooms: tuple[Room, ...], national: National) -> Iterator[Problem]:
    node, rule = entry.model.node, national.node
    needs = (
        ("memory", sum(room.memory for room in rooms) + rule.memory_reserve, node.memory, "MiB"),
        ("disk", sum(room.disk for room in rooms) + rule.disk_reserve, node.disk, "GiB"),
        ("cores", max(room.cores for room in rooms), node.cores, "cores for one guest"),
    )
    for key, needed, there, unit in needs:
        if needed > there:
            what = f"the guests and the hypervisor need {needed} {unit}, the node has {there}"
            yield entry.problem(("node", key), what, "take a larger node or fewer services")
