"""The plan against the one that was applied last: each change by its meaning, with what it does to people at the site.

Both are read as canonical JSON trees, so that a plan of an older format can still be compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Tree = Mapping[str, Json]

SITE = "site"  # the area of what belongs to no list
_DERIVED = frozenset({"checks", "hash"})  # follow from the rest
_KEYS = ("id", "name", "index")
# Numbers and names that differ from site to site: two sites with the same change are told together without them.
_OF_THE_SITE = frozenset(
    [
        "address",
        "asn",
        "domain",
        "gateway",
        "hash",
        "hostname",
        "hub_address",
        "hub_prefixes",
        "interface",
        "mac",
        "nameservers",
        "node",
        "pool",
        "prefix",
        "site",
        "site_prefixes",
        "slot",
        "tags",
        "title",
        "uuid",
        "vantages",
        "vmid",
    ]
)


class Action(StrEnum):
    """What happens to a thing."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Effect(StrEnum):
    """What a change does at the site, the worst first."""

    LOSES = "loses"  # a guest goes, with its records
    READDRESSES = "readdresses"  # numbers change: devices and tunnels connect anew
    RESTARTS = "restarts"  # a guest restarts
    OPENS = "opens"  # a connection that was dropped is permitted
    CLOSES = "closes"  # a connection that was permitted is dropped
    CREATES = "creates"  # something new beside what stands
    CONFIGURES = "configures"  # written again while everything runs


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Change:
    """One change. `name` and `what` hold no number of the site; `before` and `after` are its own values as text."""

    area: str  # guest, flow, zone ...
    name: str
    action: Action
    part: str = ""
    what: str = ""  # what was added or removed, or `before -> after` where the values are the same at every site
    before: str = ""
    after: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """Return what it means, equal for sites that change in the same way."""
        return (self.area, self.name, self.action, self.part, self.what)

    @property
    def effect(self) -> Effect:
        """Return what it does at the site."""
        match self.action:
            case Action.ADDED:
                return Effect.OPENS if self.area == "flow" else Effect.CREATES
            case Action.REMOVED:
                return _REMOVED.get(self.area, Effect.CONFIGURES)
            case Action.CHANGED:
                return self._changed()

    def _changed(self) -> Effect:
        last = self.part.rsplit(".", 1)[-1]
        if self.area == "flow":
            return _flow(self.part, self.before, self.after)
        if self.area == "guest" and last in _RESTARTING:
            return Effect.RESTARTS
        return Effect.READDRESSES if last in _NUMBERS else Effect.CONFIGURES


_REMOVED = {"guest": Effect.LOSES, "service": Effect.LOSES, "flow": Effect.CLOSES, "zone": Effect.CLOSES, "tunnel": Effect.CLOSES}
_RESTARTING = frozenset({"cores", "memory", "mac", "uuid", "vmid", "image"})
_NUMBERS = frozenset({"address", "prefix", "gateway", "vlan", "asn", "slot", "domain", "hub_address", "port"})


def _flow(part: str, before: str, after: str) -> Effect:
    """Return whether a flow was widened or narrowed; where it cannot be told it opens."""
    if part in ("reason", "owner", "expires"):
        return Effect.CONFIGURES
    narrower = part == "ports" and set(after.split(", ")) < set(before.split(", "))
    return Effect.CLOSES if narrower else Effect.OPENS


def changes(before: Tree, after: Tree) -> tuple[Change, ...]:
    """Return what changes from one plan to the other, sorted by area and name."""
    found: list[Change] = []
    for area in sorted((before.keys() | after.keys()) - _DERIVED):
        old, new = before.get(area), after.get(area)
        if old == new:
            continue
        olds, news = _named(old, before), _named(new, after)
        if olds is None or news is None:
            found.extend(_leaves(SITE, str(before.get("kind", "site")), area, old, new))
        else:
            found.extend(_list(area.removesuffix("s"), olds, news))
    return tuple(sorted(found))


def _list(area: str, olds: Mapping[str, Json], news: Mapping[str, Json]) -> Iterator[Change]:
    for name in sorted(olds.keys() | news.keys()):
        if name not in olds:
            yield Change(area=area, name=name, action=Action.ADDED, what=_described(area, news[name]))
        elif name not in news:
            yield Change(area=area, name=name, action=Action.REMOVED, what=_described(area, olds[name]))
        elif olds[name] != news[name]:
            yield from _leaves(area, name, "", olds[name], news[name])


def _named(value: Json, plan: Tree) -> dict[str, Json] | None:
    """Return a list of objects by name, without the site's own name in it; None for anything else."""
    if not isinstance(value, list) or any(not isinstance(one, dict) for one in value):
        return None if value is not None else {}
    site, domain = str(plan.get("site", "")), str(plan.get("domain", ""))
    named: dict[str, Json] = {}
    for one in value:
        if isinstance(one, dict):
            key = next((str(one[key]) for key in _KEYS if key in one), str(len(named)))
            zone = f"{one['zone']}/" if "zone" in one and "mac" in one else ""
            named[zone + key.removesuffix(f".{domain}").removeprefix(f"{site}-")] = one
    return named


def _leaves(area: str, name: str, part: str, old: Json, new: Json) -> Iterator[Change]:
    """Yield a change for each value that differs below a thing."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            if old.get(key) != new.get(key):
                yield from _leaves(area, name, f"{part}.{key}".removeprefix("."), old.get(key), new.get(key))
        return
    if isinstance(old, list) and isinstance(new, list) and all(isinstance(one, dict) for one in (*old, *new)):
        olds, news = _named(old, {}) or {}, _named(new, {}) or {}
        yield from _leaves(area, name, part, olds, news)
        return
    before, after = _text(old), _text(new)
    local = part.rsplit(".", 1)[-1] in _OF_THE_SITE
    yield Change(
        area=area, name=name, action=Action.CHANGED, part=part, what="" if local else f"{before} -> {after}", before=before, after=after
    )


def _text(value: Json) -> str:
    """Return a value as people write it."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(_text(one) for one in value) or "-"
        case dict():
            return "/".join(_text(one) for one in value.values() if one is not None)
        case _:
            return str(value)


def _described(area: str, item: Json) -> str:
    """Return what a thing is, in words that are the same at every site."""
    if not isinstance(item, dict):
        return _text(item)
    if area == "flow":
        ports = "" if item.get("protocol") == "icmp" else f"/{_text(item.get('ports'))}"
        return f"{_end(item.get('source'))} -> {_end(item.get('destination'))} {item.get('protocol')}{ports}"
    if area == "guest":
        return f"{item.get('cores')} vCPU, {item.get('memory')} MiB, {item.get('disk')} GiB"
    return ""


def _end(end: Json) -> str:
    if not isinstance(end, dict):
        return _text(end)
    return f"{end.get('zone')}/{end['guest']}" if end.get("guest") else str(end.get("zone"))
