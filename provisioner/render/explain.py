"""Where each value of a plan comes from: the rule in words, and every file and line that has a part in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from provisioner.model.profile import FlowRule
from provisioner.plan import to_json
from provisioner.plan.plan import GuestRole, SiteKind
from provisioner.render.origins import Ground, Source
from provisioner.render.plan_paths import Json, Path, find, leaves

Sources = Callable[[Ground, Path], list[Source]]

_WAN, _VPN = "wan", "vpn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One value of the plan, the rule that gave it and what the rule read."""

    path: str
    value: Json
    rule: str  # English; the command line translates it
    sources: tuple[Source, ...]


def explain(ground: Ground, text: str) -> tuple[Explained, ...]:
    """Return an explanation of each value at or below a path; raise UsageError for a path that leads nowhere."""
    tree: dict[str, Json] = json.loads(to_json(ground.plan))
    path, value = find(tree, text)
    return tuple(_explained(ground, leaf, below) for leaf, below in leaves(path, value))


def _explained(ground: Ground, path: Path, value: Json) -> Explained:
    if value == [] and len(path) == 1:
        return Explained(path=path[0], value=value, rule=NONE, sources=(ground.site("profile"),))
    rule, sources = next((words, sources) for steps, words, sources in _BY_FIRST.get(path[0], _ELSE) if _fits(steps, path))
    found = tuple(dict.fromkeys(sources(ground, path)))
    return Explained(path=".".join(path), value=value, rule=rule, sources=found)


def _fits(steps: Path, path: Path) -> bool:
    """Return whether a pattern such as `guests.*.memory` fits; what is below fits too."""
    return len(steps) <= len(path) and all(want in ("*", step) for want, step in zip(steps, path, strict=False))


def _site(*keys: str) -> Sources:
    return lambda ground, _path: [ground.site(*keys)]


def _national(*keys: str) -> Sources:
    return lambda ground, _path: [ground.national(*keys)]


def _name(ground: Ground, _path: Path) -> list[Source]:
    return [ground.file_name()]


def _named_national(*keys: str) -> Sources:
    return lambda ground, _path: [ground.file_name(), ground.national(*keys)]


def _slot(*keys: str) -> Sources:
    return lambda ground, _path: [ground.national(*keys), ground.slot()]


def _prefix(ground: Ground, _path: Path) -> list[Source]:
    return [ground.national("numbering", "sites"), ground.national("numbering", "site_length"), ground.slot()]


def _uplink(ground: Ground, path: Path) -> list[Source]:
    return [ground.either("uplinks"), ground.national("uplinks", path[1], "access"), ground.slot()]


def _zone_name(ground: Ground, path: Path) -> list[Source]:
    wireless = path[1] in ground.inventory.profile(ground.model).wireless_zones
    return [ground.profile("wireless_zones"), ground.site("wireless")] if wireless else [ground.profile("zones")]


def _zone(*keys: str) -> Callable[[Ground, Path], list[Source]]:
    """Return the sources of a zone's value: `wan` follows from its uplink, `vpn` from the tunnels."""

    def sources(ground: Ground, path: Path) -> list[Source]:
        if path[1] == _WAN:
            return [ground.national("uplinks", ground.first_uplink(), "vlan" if keys == ("vlan",) else "access"), ground.slot()]
        return [ground.national("zones", path[1], *keys)]

    return sources


def _zone_number(ground: Ground, path: Path) -> list[Source]:
    index = [] if path[1] == _WAN else [ground.national("zones", path[1], "index")]
    return [*index, *_prefix(ground, path)] if index else _zone("index")(ground, path)


def _guest_key(ground: Ground, path: Path) -> str:
    """Return the key of a guest's size in the profile."""
    guest = next(guest for guest in ground.plan.guests if guest.name == path[1])
    return guest.role.value if guest.role in (GuestRole.GATEWAY, GuestRole.DATABASE) else "service"


def _sizing(ground: Ground, path: Path) -> tuple[str, ...]:
    """Return where the profile writes a guest's size: its own, or that of every service."""
    own = ground.inventory.profile(ground.model).sizing.services
    return ("services", path[1]) if path[1] in own else (_guest_key(ground, path),)


def _size(key: str, *more: str) -> Sources:
    """Return the sources of a guest's size: the base, what terminals and services add, and how many there are."""

    def sources(ground: Ground, path: Path) -> list[Source]:
        base = ("sizing", *_sizing(ground, path))
        found = [ground.profile(*base, key)]
        added = [(word, ground.profile(*base, word)) for word in more]
        for word, source in added:
            if source.origin.value != "default":
                found += [source, *(_posts(ground) if "terminal" in word else [ground.either("services")])]
        return [*found, ground.profile("sizing", "source")]

    return sources


def _posts(ground: Ground) -> list[Source]:
    return [ground.site("terminals"), *([ground.site("kiosks")] if ground.model.kiosks else [])]


def _guest_number(ground: Ground, name: str) -> list[Source]:
    """Return what numbers a guest: the catalogue for a service; the gateway and the database have their own for ever."""
    return [ground.service(name, "number")] if name in ground.folder.services and name in _services(ground) else []


def _services(ground: Ground) -> frozenset[str]:
    return frozenset(service.name for service in ground.plan.services)


def _vmid(ground: Ground, path: Path) -> list[Source]:
    return [ground.national("numbering", "vmid"), ground.slot(), *_guest_number(ground, path[1])]


def _guest_name(ground: Ground, path: Path) -> list[Source]:
    if path[1] in _services(ground):
        return [ground.either("services"), ground.service(path[1])]
    return [ground.profile("sizing", _guest_key(ground, path))]


def _card(ground: Ground, path: Path) -> list[Source]:
    nic = next(nic for guest in ground.plan.guests if guest.name == path[1] for nic in guest.nics if str(nic.index) == path[3])
    return [*_zone_number(ground, ("zones", nic.zone)), *_guest_number(ground, path[1])]


def _card_vlan(ground: Ground, path: Path) -> list[Source]:
    nic = next(nic for guest in ground.plan.guests if guest.name == path[1] for nic in guest.nics if str(nic.index) == path[3])
    return _zone("vlan")(ground, ("zones", nic.zone))


def _mac(ground: Ground, path: Path) -> list[Source]:
    return [ground.slot(), *_guest_number(ground, path[1])]


def _catalogue(ground: Ground, path: Path) -> list[Source]:
    return [ground.service(path[1], path[2])]


def _flow_rule(ground: Ground, name: str) -> tuple[int, FlowRule]:
    """Return the profile's rule of a flow: the one with the longest id that its own begins with, and the same reason."""
    flow = next(flow for flow in ground.plan.flows if flow.id == name)
    rules = ground.inventory.profile(ground.model).flows
    fitting = [(number, rule) for number, rule in enumerate(rules) if f"{name}-".startswith(f"{rule.id}-") and rule.reason == flow.reason]
    return max(fitting, key=lambda one: len(one[1].id))


_FLOW_KEYS = {"source": "from", "destination": "to", "reason": "reason", "owner": "owner", "expires": "expires", "id": "id"}


def _flow(ground: Ground, path: Path) -> list[Source]:
    number, _rule = _flow_rule(ground, path[1])
    key = path[2] if len(path) > len(("flows", "id")) else "id"
    if key in ("protocol", "ports"):
        flow = next(flow for flow in ground.plan.flows if flow.id == path[1])
        return [ground.profile("flows", number, flow.protocol.value)]
    return [ground.profile("flows", number, _FLOW_KEYS[key])]


def _record(ground: Ground, path: Path) -> list[Source]:
    guest = path[1].removesuffix(f".{ground.plan.domain}")
    return [*_guest_name(ground, ("guests", guest)), ground.file_name(), ground.national("domain")]


def _record_address(ground: Ground, path: Path) -> list[Source]:
    guest = path[1].removesuffix(f".{ground.plan.domain}")
    zone = "management" if guest == "gateway" else "servers"
    return [ground.national("zones", zone, "index"), *_prefix(ground, path), *_guest_number(ground, guest)]


def _device(ground: Ground, path: Path) -> list[Source]:
    """Return the line of a terminal, printer or kiosk in the site's file."""
    word, _, number = path[1].rpartition("/")[2].rpartition("-")
    devices = {"terminal": ground.model.terminals, "printer": ground.model.printers, "kiosk": ground.model.kiosks}[word]
    index = next(index for index, device in enumerate(devices) if device.number == int(number))
    zone = f"{word}s"
    if path[2] == "address":
        return [ground.site(zone, index, "number"), ground.national("zones", zone, "index"), *_prefix(ground, path)]
    return [ground.site(zone, index, "mac" if path[2] == "mac" else "number")]


def _tunnel(ground: Ground, _path: Path) -> list[Source]:
    uplinks = [ground.national("uplinks", uplink.name) for uplink in ground.plan.uplinks]
    hubs = [] if ground.plan.kind is SiteKind.HUB else [ground.hubs()]
    return [ground.either("uplinks"), *hubs, *uplinks, ground.slot()]


def _agent(ground: Ground, _path: Path) -> list[Source]:
    return [ground.site("agents"), ground.profile("zones")]


def _partner(ground: Ground, path: Path) -> list[Source]:
    return [ground.site("partner"), ground.national("partners", path[1])]


def _served(ground: Ground, path: Path) -> list[Source]:
    entry = ground.folder.sites.get(path[1])
    if entry is None:
        return [ground.file_name()]
    other = Ground(folder=ground.folder, inventory=ground.inventory, plan=ground.plan)
    return [Source(origin=other.site("slot").origin, place=entry.document.place(("pole",)), written=f"pole = {ground.plan.site}")]


def _checks(ground: Ground, path: Path) -> list[Source]:
    """Return what an acceptance check is derived from: its flow's rule, else the profile's flows."""
    check = next(check for check in ground.plan.checks if check.id == path[1])
    if any(flow.id == check.subject for flow in ground.plan.flows):
        return _flow(ground, ("flows", check.subject, "id"))
    return [ground.profile("flows")]


NONE = "this site has none"
RULES: tuple[tuple[str, str, Sources], ...] = (
    ("site", "the name of the site's file", _name),
    ("kind", "the folder of the site's file", _name),
    ("title", "written for the site", _site("title")),
    ("profile", "written for the site", _site("profile")),
    ("slot", "written for the site, never used again", _site("slot")),
    ("asn", "the first private AS number + the slot (RFC 6996)", _slot("numbering", "asn")),
    ("node", "pve- and the name of the site's file", _name),
    ("pool", "teranga- and the name of the site's file", _name),
    ("bridge", "the same at every site", _national("node", "bridge")),
    ("datastore", "the same at every site", _national("node", "datastore")),
    ("prefix", "the slot-th prefix of the numbering plan", _prefix),
    ("domain", "the name of the site's file in the national domain", _named_national("domain")),
    ("time_servers", "the same at every site", _national("time_servers")),
    ("dns_upstream", "the same at every site", _national("dns_upstream")),
    ("hubs", "the site's own list, else the national one", lambda ground, _path: [ground.hubs()]),
    ("uplinks", "the slot-th /30 of the uplink's access network: the operator first, the gateway second", _uplink),
    ("zones.*.name", "a zone of the profile; wireless ones only where the site has wireless", _zone_name),
    ("zones.*.vlan", "the zone's VLAN, the same at every site; of wan: the uplink's", _zone("vlan")),
    ("zones.*.dhcp", "the zone's rule, the same at every site", _zone("dhcp")),
    ("zones.*.interface", "ethN in the order of the VLANs; wan is eth0", _zone("vlan")),
    ("zones.*", "the zone's /24 of the site's prefix; .1 is the gateway, .250 and .251 the vantages", _zone_number),
    ("guests.*.name", "the profile's guests; a service's guest bears its name", _guest_name),
    ("guests.*.role", "what the guest is for", _guest_name),
    ("guests.*.vmid", "the first VMID + 100 x slot + the guest's number", _vmid),
    ("guests.*.uuid", "made from the names of site and guest: the same for ever", _name),
    ("guests.*.tags", "teranga and the name of the site's file", _name),
    ("guests.*.image", "the profile's image", lambda ground, _path: [ground.profile("image")]),
    ("guests.*.cores", "the base, at least one for so many terminals", _size("cores", "terminals_per_core")),
    ("guests.*.memory", "base + terminals + services, rounded up to 256 MiB", _size("memory", "memory_per_terminal", "memory_per_service")),
    ("guests.*.disk", "base + services", _size("disk", "disk_per_service")),
    ("guests.*.nics.*.vlan", "the VLAN of the card's zone", _card_vlan),
    ("guests.*.nics.*.mac", "02:54, the slot, the guest's number, the card's number", _mac),
    ("guests.*.nics", "the gateway has a card in each zone with a VLAN, others one in servers; .10 + number", _card),
    ("guests.*.nameservers", "the gateway of the zone servers; the gateway asks itself", lambda ground, _path: [ground.slot()]),
    ("guests.*.start_order", "gateway, database, services", _guest_name),
    ("services.*.guest", "a service has a guest of its own name", _guest_name),
    ("services.*.hostname", "the service in the site's domain", lambda ground, _path: [ground.file_name(), ground.national("domain")]),
    ("services", "the catalogue", _catalogue),
    ("flows", "the profile's rule for each zone and guest that it names and the site has", _flow),
    ("records.*.address", "the guest's address; the gateway's is that in management", _record_address),
    ("records", "a name for each guest in the site's domain", _record),
    ("reservations", "the device's number in its zone: .100 + number", _device),
    ("tunnels", "site x uplink x hub; the slot's /31 of the fifteenth /24", _tunnel),
    ("hosts", "the site's partner", _partner),
    ("access", "the site's field agents: .100 + number", _agent),
    ("serves", "the centres that name this pole", _served),
    ("checks", "derived: each flow passes, each pair without one is blocked, each service answers", _checks),
    ("format", "the version of the plan's structure", _name),
    ("hash", "the SHA-256 of everything else in the plan", _name),
)
UNKNOWN = "computed"  # a value that no rule here explains yet: a test finds it
_ELSE: list[tuple[Path, str, Sources]] = [((), UNKNOWN, _name)]
_BY_FIRST: dict[str, list[tuple[Path, str, Sources]]] = {}
for _pattern, _words, _sources in RULES:
    _BY_FIRST.setdefault(_pattern.split(".")[0], []).append((tuple(_pattern.split(".")), _words, _sources))
