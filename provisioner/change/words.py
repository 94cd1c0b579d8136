"""Drift in words: what is declared, what was seen, what `up` will do. English; the command line translates templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from provisioner.change.drift import Drift, Kind, Remedy
from provisioner.errors import Problem

Translate = Callable[[str], str]

KINDS: Mapping[Kind, str] = {
    Kind.DELETED: "the guest (VMID {declared}) is gone",
    Kind.STOPPED: "the guest is stopped; it is declared running",
    Kind.FOREIGN_VMID: "its VMID {declared} is held by somebody else's guest: {observed}",
    Kind.FOREIGN_NAME: "somebody else's guest bears the name {declared} ({observed})",
    Kind.FOREIGN_POOL: "somebody else's guest {observed} lies in the pool {declared}",
    Kind.HIDDEN: "its VMID {declared} is held by a guest that the site's token may not see",
    Kind.SURPLUS: "the guest {observed} is no longer in the plan",
    Kind.MOVED: "the guest is on node {observed}, declared on {declared}",
    Kind.NAME: "the guest is named {observed}, declared {declared}",
    Kind.TAGS: "its tags are {observed}, declared {declared}",
    Kind.CORES: "it has {observed} cores, declared {declared}",
    Kind.MEMORY: "it has {observed} MiB of memory, declared {declared}",
    Kind.ONBOOT: "it does not start with its node, declared to",
    Kind.AGENT: "its guest agent is switched off, declared on",
    Kind.DISK_GROWN: "its disk was grown to {observed} GiB, declared {declared}",
    Kind.DISK_SMALL: "its disk has {observed} GiB, declared {declared}",
    Kind.NIC_MISSING: "its card {part} in zone {declared} is missing",
    Kind.NIC_SURPLUS: "it has a card {part} that nobody declared: {observed}",
    Kind.NIC_TAG: "its card {part} has VLAN {observed}, declared {declared}",
    Kind.NIC_BRIDGE: "its card {part} is on bridge {observed}, declared {declared}",
    Kind.NIC_MAC: "its card {part} has the MAC address {observed}, declared {declared}",
    Kind.NIC_FIREWALL: "the firewall of its card {part} is {observed}, declared {declared}",
    Kind.NIC_SETTINGS: "its card {part} has settings that nobody declared: {observed}",
    Kind.FIREWALL_OFF: "its firewall on the node is off, declared on",
    Kind.FIREWALL_POLICY: "its firewall's policy {part} is {observed}, declared {declared}",
    Kind.RULE_MISSING: "its firewall lacks the rule {declared} ({part})",
    Kind.RULE_SURPLUS: "its firewall has a rule that no flow declares: {observed} ({part})",
    Kind.RULE_ORDER: "its firewall's rules are in another order",
    Kind.RULESET: "the ruleset {part} inside the guest is not the one that was written ({observed}, declared {declared})",
    Kind.UNIT: "{part} is {observed}, declared {declared}",
}

REMEDIES: Mapping[Remedy, str] = {
    Remedy.REPAIR: "`up` sets it right",
    Remedy.RESTART: "`up` sets it right and restarts the guest",
    Remedy.START: "`up` starts it",
    Remedy.CREATE: "`up` makes it anew from its image; its records come back from a backup",
    Remedy.REMOVE: "`up` removes it",
    Remedy.CONVERGE: "`up` converges the guest",
    Remedy.ADOPT: "`up` keeps it as it is: a disk is never shrunk",
    Remedy.REFUSE: "`up` refuses to change anything until it is moved, renamed or removed by hand",
}


def same(text: str) -> str:
    """Return a text as it is: English."""
    return text


def what(drift: Drift, translate: Translate = same) -> str:
    """Return what differs, both values included."""
    return translate(KINDS[drift.kind]).format(declared=drift.declared or "-", observed=drift.observed or "-", part=drift.part or "-")


def remedy(drift: Drift, translate: Translate = same) -> str:
    """Return what `up` will do about it."""
    return translate(REMEDIES[drift.remedy])


def sentence(drift: Drift, translate: Translate = same) -> str:
    """Return place, both values and what `up` will do."""
    whole = translate("{subject}: {what}; {remedy}")
    return whole.format(subject=drift.subject, what=what(drift, translate), remedy=remedy(drift, translate))


def problem(site: str, drift: Drift, translate: Translate = same) -> Problem:
    """Return a difference as a problem of its site."""
    return Problem(where=f"{site}/{drift.subject}", what=what(drift, translate), hint=remedy(drift, translate))
