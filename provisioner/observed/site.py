"""A site as its node shows it: guests with their cards, sizes, disks and firewall, and what their agents read. Holds no secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenNic:
    """A guest's card. `mac` is lower case; `vlan` None: untagged."""

    index: int
    mac: str
    bridge: str
    vlan: int | None
    firewall: bool
    more: str = ""  # every other setting that changes what passes: link_down=1, trunks=2;3


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRule:
    """A rule of a guest's firewall on the hypervisor, in Proxmox's words; what is not set is empty."""

    direction: str  # in, out, forward, group
    action: str
    source: str = ""
    destination: str = ""
    protocol: str = ""
    ports: str = ""
    comment: str = ""
    enabled: bool = True
    more: str = ""  # every other setting that narrows it: interface, macro, source ports


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFirewall:
    """A guest's firewall on the hypervisor."""

    enabled: bool
    input_policy: str
    output_policy: str
    macfilter: bool
    rules: tuple[SeenRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenMachine:
    """A guest with its configuration. Memory and disk in MiB; `uuid` None where it has none."""

    vmid: int
    node: str
    name: str
    uuid: UUID | None
    tags: tuple[str, ...]  # sorted
    running: bool
    onboot: bool  # starts with its node
    agent: bool  # the guest agent is switched on
    pool: str
    cores: int
    memory: int
    disk: int  # of its first disk; 0: none
    nics: tuple[SeenNic, ...]
    firewall: SeenFirewall


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenInside:
    """What was read inside a guest. None: it could not be read."""

    guest: str
    ruleset: str | None = None  # SHA-256 of /etc/nftables.conf
    units: Mapping[str, str] | None = None  # unit -> active, inactive, failed ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenSite:
    """One look at a site. `hidden` are VMIDs of the plan that are taken by guests which the site's token may not see."""

    site: str
    machines: tuple[SeenMachine, ...]  # sorted by VMID
    hidden: tuple[int, ...] = ()
    inside: tuple[SeenInside, ...] = ()

    @property
    def outside_hash(self) -> str:
        """Return the SHA-256 of what the API showed: the same state has the same hash."""
        shown = {"site": self.site, "machines": [asdict(machine) for machine in self.machines], "hidden": self.hidden}
        return sha256(json.dumps(shown, default=str, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
