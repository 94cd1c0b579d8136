"""Drift: where a site is not what its plan says, each with its place, both values and what `up` will do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from provisioner.observed.site import SeenFirewall, SeenInside, SeenMachine, SeenNic, SeenRule, SeenSite
from provisioner.plan.numbers import identity
from provisioner.plan.plan import Guest, Nic, Plan

_MIB = 1024  # MiB in a GiB


class Kind(StrEnum):
    """What differs."""

    DELETED = "deleted"  # the guest is gone
    STOPPED = "stopped"
    FOREIGN_VMID = "foreign-vmid"  # somebody else's guest holds our VMID
    FOREIGN_NAME = "foreign-name"  # somebody else's guest bears our name
    FOREIGN_POOL = "foreign-pool"  # somebody else's guest lies in our pool
    HIDDEN = "hidden"  # our VMID is taken by a guest that the site's token may not see
    SURPLUS = "surplus"  # ours, but the plan has it no more
    MOVED = "moved"  # on another node
    NAME = "name"
    TAGS = "tags"
    CORES = "cores"
    MEMORY = "memory"
    ONBOOT = "onboot"  # it would stay down after a power cut
    AGENT = "agent"
    DISK_GROWN = "disk-grown"
    DISK_SMALL = "disk-small"
    NIC_MISSING = "nic-missing"
    NIC_SURPLUS = "nic-surplus"
    NIC_TAG = "nic-tag"
    NIC_BRIDGE = "nic-bridge"
    NIC_MAC = "nic-mac"
    NIC_FIREWALL = "nic-firewall"
    NIC_SETTINGS = "nic-settings"  # unplugged, throttled, or open to more VLANs
    FIREWALL_OFF = "firewall-off"
    FIREWALL_POLICY = "firewall-policy"
    RULE_MISSING = "rule-missing"
    RULE_SURPLUS = "rule-surplus"
    RULE_ORDER = "rule-order"
    RULESET = "ruleset"  # the ruleset inside the guest
    UNIT = "unit"  # a service inside the guest


class Remedy(StrEnum):
    """What `up` will do."""

    REPAIR = "repair"  # set it right, the guest runs on
    RESTART = "restart"  # set it right and restart the guest
    START = "start"
    CREATE = "create"  # make the guest anew from its image; its records come back from a backup
    REMOVE = "remove"
    CONVERGE = "converge"  # the roles write it again
    ADOPT = "adopt"  # keep it: never undone
    REFUSE = "refuse"  # touch nothing until a person has decided


_REMEDIES: Mapping[Kind, Remedy] = {
    Kind.DELETED: Remedy.CREATE,
    Kind.STOPPED: Remedy.START,
    Kind.FOREIGN_VMID: Remedy.REFUSE,
    Kind.FOREIGN_NAME: Remedy.REFUSE,
    Kind.FOREIGN_POOL: Remedy.REFUSE,
    Kind.HIDDEN: Remedy.REFUSE,
    Kind.SURPLUS: Remedy.REMOVE,
    Kind.MOVED: Remedy.REFUSE,
    Kind.NAME: Remedy.REPAIR,
    Kind.TAGS: Remedy.REPAIR,
    Kind.CORES: Remedy.RESTART,
    Kind.MEMORY: Remedy.RESTART,
    Kind.ONBOOT: Remedy.REPAIR,
    Kind.AGENT: Remedy.RESTART,
    Kind.DISK_GROWN: Remedy.ADOPT,
    Kind.DISK_SMALL: Remedy.REPAIR,
    Kind.NIC_MISSING: Remedy.RESTART,
    Kind.NIC_SURPLUS: Remedy.RESTART,
    Kind.NIC_TAG: Remedy.REPAIR,
    Kind.NIC_BRIDGE: Remedy.REPAIR,
    Kind.NIC_MAC: Remedy.RESTART,
    Kind.NIC_FIREWALL: Remedy.REPAIR,
    Kind.NIC_SETTINGS: Remedy.REPAIR,
    Kind.FIREWALL_OFF: Remedy.REPAIR,
    Kind.FIREWALL_POLICY: Remedy.REPAIR,
    Kind.RULE_MISSING: Remedy.REPAIR,
    Kind.RULE_SURPLUS: Remedy.REPAIR,
    Kind.RULE_ORDER: Remedy.REPAIR,
    Kind.RULESET: Remedy.CONVERGE,
    Kind.UNIT: Remedy.CONVERGE,
}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Drift:
    """One difference. `subject` is a guest's name, or node/VMID of a stranger; `part` a card, rule or unit."""

    subject: str
    kind: Kind
    part: str = ""
    declared: str = ""
    observed: str = ""

    @property
    def remedy(self) -> Remedy:
        """Return what `up` will do."""
        return _REMEDIES[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Firewall:
    """A guest's firewall on the hypervisor as it should be: always on, what leaves is accepted, a forged MAC refused."""

    input_policy: str
    rules: tuple[SeenRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What a plan means in the words of what is seen, by guest, and what control adopted.

    `disks`: GiB of the disks that were grown by hand and kept. `rulesets`: SHA-256 of /etc/nftables.conf. `units`: what
    must be active inside.
    """

    firewalls: Mapping[str, Firewall]
    disks: Mapping[str, int] = field(default_factory=dict)
    rulesets: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, Sequence[str]] = field(default_factory=dict)


def drifts(plan: Plan, seen: SeenSite, declared: Declared) -> tuple[Drift, ...]:
    """Return every difference, sorted by guest."""
    found = [*_guests(plan, seen, declared), *_others(plan, seen), *_inside(seen.inside, declared)]
    return tuple(sorted(found))


def refused(found: Sequence[Drift]) -> tuple[Drift, ...]:
    """Return the differences for whose sake `up` touches nothing."""
    return tuple(one for one in found if one.remedy is Remedy.REFUSE)


def grown(found: Sequence[Drift]) -> dict[str, int]:
    """Return guest -> GiB of the disks that were grown by hand and are to be kept."""
    return {one.subject: int(one.observed) for one in found if one.kind is Kind.DISK_GROWN}


def _guests(plan: Plan, seen: SeenSite, declared: Declared) -> Iterator[Drift]:
    by_uuid = {machine.uuid: machine for machine in seen.machines if machine.uuid is not None}
    holders = {machine.vmid: machine for machine in seen.machines}
    for guest in plan.guests:
        machine, holder = by_uuid.get(guest.uuid), holders.get(guest.vmid)
        if machine is not None and machine.vmid == guest.vmid:
            yield from _guest(plan, guest, machine, declared)
        elif holder is not None:
            yield Drift(
                subject=guest.name, kind=Kind.FOREIGN_VMID, declared=str(guest.vmid), observed=f"{holder.name!r}, UUID {holder.uuid}"
            )
        elif guest.vmid in seen.hidden:
            yield Drift(subject=guest.name, kind=Kind.HIDDEN, declared=str(guest.vmid))
        else:
            yield Drift(subject=guest.name, kind=Kind.DELETED, declared=str(guest.vmid))


def _others(plan: Plan, seen: SeenSite) -> Iterator[Drift]:
    """Yield the guests that are in the way without holding one of our VMIDs."""
    numbers, names = {guest.vmid for guest in plan.guests}, {f"{plan.site}-{guest.name}" for guest in plan.guests}
    for machine in seen.machines:
        if machine.vmid in numbers:
            continue
        subject = f"{machine.node}/{machine.vmid}"
        ours = machine.uuid is not None and machine.uuid == identity(plan.site, machine.name.removeprefix(f"{plan.site}-"))
        if ours and machine.pool == plan.pool:
            yield Drift(subject=subject, kind=Kind.SURPLUS, observed=machine.name)
        elif machine.name in names:
            yield Drift(subject=subject, kind=Kind.FOREIGN_NAME, declared=machine.name, observed=f"UUID {machine.uuid}")
        else:
            yield Drift(subject=subject, kind=Kind.FOREIGN_POOL, declared=plan.pool, observed=machine.name)


def _guest(plan: Plan, guest: Guest, machine: SeenMachine, wanted: Declared) -> Iterator[Drift]:
    pairs = (
        (Kind.MOVED, plan.node, machine.node),
        (Kind.NAME, f"{plan.site}-{guest.name}", machine.name),
        (Kind.TAGS, ", ".join(sorted(guest.tags)), ", ".join(machine.tags)),
        (Kind.CORES, str(guest.cores), str(machine.cores)),
        (Kind.MEMORY, str(guest.memory), str(machine.memory)),
        (Kind.ONBOOT, "on", "on" if machine.onboot else "off"),
        (Kind.AGENT, "on", "on" if machine.agent else "off"),
    )
    for kind, declared, observed in pairs:
        if declared != observed:
            yield Drift(subject=guest.name, kind=kind, declared=declared, observed=observed)
    if not machine.running:
        yield Drift(subject=guest.name, kind=Kind.STOPPED)
    yield from _disk(guest, machine, max(guest.disk, wanted.disks.get(guest.name, 0)))
    yield from _nics(plan, guest, machine)
    yield from _firewall(guest, machine.firewall, wanted.firewalls[guest.name])


def _disk(guest: Guest, machine: SeenMachine, wanted: int) -> Iterator[Drift]:
    """Yield a disk of another size than the plan's, or than the one that was adopted."""
    if machine.disk > wanted * _MIB:
        yield Drift(subject=guest.name, kind=Kind.DISK_GROWN, declared=str(wanted), observed=str(-(-machine.disk // _MIB)))
    elif machine.disk < wanted * _MIB:
        yield Drift(subject=guest.name, kind=Kind.DISK_SMALL, declared=str(wanted), observed=str(machine.disk // _MIB))


def _nics(plan: Plan, guest: Guest, machine: SeenMachine) -> Iterator[Drift]:
    seen = {nic.index: nic for nic in machine.nics}
    for nic in guest.nics:
        found = seen.pop(nic.index, None)
        if found is None:
            yield Drift(subject=guest.name, kind=Kind.NIC_MISSING, part=f"net{nic.index}", declared=nic.zone)
        else:
            yield from _nic(plan, guest, nic, found)
    for index, extra in sorted(seen.items()):
        yield Drift(subject=guest.name, kind=Kind.NIC_SURPLUS, part=f"net{index}", observed=f"{extra.mac} {extra.bridge} {extra.vlan}")


def _nic(plan: Plan, guest: Guest, nic: Nic, found: SeenNic) -> Iterator[Drift]:
    untagged = "none"
    pairs = (
        (Kind.NIC_TAG, str(nic.vlan), untagged if found.vlan is None else str(found.vlan)),
        (Kind.NIC_BRIDGE, plan.bridge, found.bridge),
        (Kind.NIC_MAC, nic.mac, found.mac),
        (Kind.NIC_FIREWALL, "on", "on" if found.firewall else "off"),
        (Kind.NIC_SETTINGS, "", found.more),
    )
    for kind, declared, observed in pairs:
        if declared != observed:
            yield Drift(subject=guest.name, kind=kind, part=f"net{nic.index} ({nic.zone})", declared=declared, observed=observed)


def _firewall(guest: Guest, found: SeenFirewall, wanted: Firewall) -> Iterator[Drift]:
    if not found.enabled:
        yield Drift(subject=guest.name, kind=Kind.FIREWALL_OFF)
    policies = (("in", wanted.input_policy, found.input_policy), ("out", "ACCEPT", found.output_policy))
    for part, declared, observed in (*policies, ("mac", "on", "on" if found.macfilter else "off")):
        if declared != observed:
            yield Drift(subject=guest.name, kind=Kind.FIREWALL_POLICY, part=part, declared=declared, observed=observed)
    yield from _rules(guest, found.rules, wanted.rules)


def _rules(guest: Guest, found: tuple[SeenRule, ...], wanted: tuple[SeenRule, ...]) -> Iterator[Drift]:
    missing, surplus = Counter(wanted), Counter(found)
    for rule in (missing - surplus).elements():
        yield Drift(subject=guest.name, kind=Kind.RULE_MISSING, part=rule.comment, declared=_shown(rule))
    for rule in (surplus - missing).elements():
        yield Drift(subject=guest.name, kind=Kind.RULE_SURPLUS, part=rule.comment, observed=_shown(rule))
    if missing == surplus and found != wanted and len({(rule.action, rule.direction) for rule in wanted}) > 1:
        yield Drift(subject=guest.name, kind=Kind.RULE_ORDER)


def _shown(rule: SeenRule) -> str:
    """Return a rule as an administrator reads it."""
    service = "/".join(filter(None, (rule.protocol, rule.ports)))
    ends = (("from", rule.source), ("to", rule.destination))
    words = [rule.direction, rule.action, *(f"{word} {value}" for word, value in ends if value), service, rule.more]
    return " ".join(filter(None, words)) + ("" if rule.enabled else " (disabled)")


def _inside(inside: tuple[SeenInside, ...], declared: Declared) -> Iterator[Drift]:
    for one in inside:
        given = declared.rulesets.get(one.guest)
        if given is not None and one.ruleset is not None and one.ruleset != given:
            yield Drift(subject=one.guest, kind=Kind.RULESET, part="/etc/nftables.conf", declared=given[:12], observed=one.ruleset[:12])
        if one.units is not None:
            for unit in declared.units.get(one.guest, ()):
                state = one.units.get(unit, "unknown")
                if state != "active":
                    yield Drift(subject=one.guest, kind=Kind.UNIT, part=unit, declared="active", observed=state)
