"""Every name that a file uses is the name of something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from provisioner.errors import Problem
from provisioner.load.document import Document
from provisioner.load.folder import Entry, Folder
from provisioner.load.nearest import hint as nearest
from provisioner.load.unique import Once
from provisioner.model import Kind, Profile, Site
from provisioner.model.profile import EACH_GUEST, EACH_SERVICE, OWN_GATEWAY, PARTNER

_WAN, _VPN, _SERVERS = "wan", "vpn", "servers"
_ALWAYS = ("management", _WAN)  # control stands in the one, the gateway's next hop in the other
_EVERYWHERE = frozenset({"gateway", "database", EACH_GUEST, EACH_SERVICE})

Loc = tuple[str | int, ...]


def reference_problems(folder: Folder) -> Iterator[Problem]:
    """Yield unknown zones, uplinks, hubs, services, profiles and images, with the nearest known word."""
    if folder.national:
        yield from _names(folder.national.document, ("hubs",), "hub", folder.national.model.hubs, folder.known("hubs"))
    for profile in folder.profiles.values():
        yield from _profile(folder, profile)
    for site in folder.sites.values():
        yield from _site(folder, site)


def _names(document: Document, loc: Loc, kind: str, words: Iterable[str], known: Iterable[str]) -> Iterator[Problem]:
    """Yield a problem for each word of a list that is unknown or written twice."""
    names = frozenset(known)
    once = Once(kind, "write it once")
    for index, word in enumerate(words):
        yield from once.use(word, document, (*loc, index))
        if word not in names:
            yield document.problem((*loc, index), f"there is no {kind} `{word}`", nearest(word, names))


def _profile(folder: Folder, entry: Entry[Profile]) -> Iterator[Problem]:
    profile, document = entry.model, entry.document
    if profile.image not in folder.images:
        what = f"there is no image `{profile.image}`"
        yield entry.problem(("image",), what, nearest(profile.image, folder.images))
    yield from _names(document, ("services",), "service", profile.services, folder.known("services"))
    if folder.national:
        uplinks, zones = folder.national.model.uplinks, {_WAN, *folder.national.model.zones}
        yield from _names(document, ("uplinks",), "uplink", profile.uplinks, uplinks)
        yield from _names(document, ("zones",), "zone", profile.zones, zones)
        yield from _names(document, ("wireless_zones",), "zone", profile.wireless_zones, zones)
        yield from _flows(folder, entry, frozenset(zones))
    yield from _complete(entry)
    yield from _reached(folder, profile)


def _complete(entry: Entry[Profile]) -> Iterator[Problem]:
    """Yield what a profile lacks for its own guests."""
    profile = entry.model
    for zone in _ALWAYS:
        if zone not in profile.zones:
            yield entry.problem(("zones",), f"zone {zone} is missing", "every site has it")
    if any(profile.sizing.of(name) is None for name in profile.services):
        yield entry.problem(("sizing",), "`service` is missing", "the profile has services: write their size")
    for name in sorted(set(profile.sizing.services) - set(profile.services)):
        what = f"there is no service `{name}` in this profile"
        yield entry.problem(("sizing", "services", name), what, nearest(name, profile.services))
    has_servers = profile.sizing.database is not None or bool(profile.services)
    if has_servers and _SERVERS not in profile.zones:
        yield entry.problem(("zones",), f"zone {_SERVERS} is missing", "database and services stand in it")


def _reached(folder: Folder, profile: Profile) -> Iterator[Problem]:
    """Yield the services whose port no flow of the profile opens."""
    for name in profile.services:
        if service := folder.services.get(name):
            ends = {f"{_SERVERS}/{EACH_SERVICE}", f"{_SERVERS}/{name}"}
            ports = {port for rule in profile.flows if ends & set(rule.destination) for port in rule.tcp}
            if service.model.port not in ports:
                what = f"no flow of profile {profile.name} reaches tcp/{service.model.port} of {name}"
                yield service.problem(("port",), what, f"add a flow to {_SERVERS}/{EACH_SERVICE} or change the port")


def _flows(folder: Folder, entry: Entry[Profile], zones: frozenset[str]) -> Iterator[Problem]:
    ids = Once("flow", "an id names one flow")
    guests = _EVERYWHERE | folder.known("services")
    for index, rule in enumerate(entry.model.flows):
        yield from ids.use(rule.id, entry.document, ("flows", index, "id"))
        if not (rule.tcp or rule.udp or rule.icmp):
            yield entry.problem(("flows", index), f"flow {rule.id} permits nothing", "write tcp, udp or icmp")
        targets = tuple(end for end in rule.destination if end != OWN_GATEWAY)
        for key, ends in (("from", rule.source), ("to", targets)):
            for what, hint in _ends(entry.model, ends, zones, guests):
                yield entry.problem(("flows", index, key), f"flow {rule.id}: {what}", hint)


def _ends(profile: Profile, ends: Iterable[str], zones: frozenset[str], guests: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the ends of a flow, and the remedy."""
    for end in ends:
        zone, _, guest = end.partition("/")
        if zone not in zones:
            yield f"there is no zone `{zone}`", nearest(zone, zones)
        elif zone not in profile.zones + profile.wireless_zones:
            yield f"zone {zone} is not in this profile", "add it to zones or remove it here"
        if guest == PARTNER and zone != _WAN:
            yield f"`{end}`: a partner's host is in zone {_WAN}", f"write {_WAN}/{PARTNER}"
        elif guest and guest != PARTNER and guest not in guests:
            yield f"there is no guest `{guest}`", nearest(guest, guests)


def _site(folder: Folder, entry: Entry[Site]) -> Iterator[Problem]:
    site, document = entry.model, entry.document
    profile = folder.profiles.get(site.profile)
    if site.profile not in folder.known("profiles"):
        what = f"there is no profile `{site.profile}`"
        yield entry.problem(("profile",), what, nearest(site.profile, folder.known("profiles")))
    yield from _names(document, ("hubs",), "hub", site.hubs or (), folder.known("hubs"))
    yield from _names(document, ("services",), "service", site.services or (), folder.known("services"))
    yield from _neighbours(folder, entry)
    if folder.national:
        yield from _names(document, ("uplinks",), "uplink", site.uplinks or (), folder.national.model.uplinks)
    if site.kind is Kind.HUB and site.hubs:
        yield entry.problem(("hubs",), "a hub has no hub", "remove the line")
    if profile:
        yield from _fits_profile(entry, profile.model)


def _neighbours(folder: Folder, entry: Entry[Site]) -> Iterator[Problem]:
    """Yield a country, pole, commune or partner that is none."""
    site = entry.model
    partners: Mapping[str, object] = folder.national.model.partners if folder.national else {}
    for key, word, known in (
        ("country", site.country, folder.known("countries")),
        ("pole", site.pole, folder.known("poles")),
        ("commune", site.commune, folder.communes.keys()),
        ("partner", site.partner, partners.keys()),
    ):
        if word is not None and word not in known:
            yield entry.problem((key,), f"there is no {key} `{word}`", nearest(word, known))
    if site.pole is not None and site.kind is not Kind.CENTRE:
        yield entry.problem(("pole",), f"a {site.kind} has no pole", "remove the line")
    if site.partner is not None and (site.partner in folder.known("services") or site.partner in {"gateway", "database"}):
        yield entry.problem(("partner",), f"`{site.partner}` is the name of a guest too", "rename the partner in national.yml")


def _fits_profile(entry: Entry[Site], profile: Profile) -> Iterator[Problem]:
    """Yield what the site's file asks of its profile in vain."""
    site = entry.model
    if profile.kind is not site.kind:
        what = f"profile {profile.name} is for a {profile.kind}, this is a {site.kind}"
        yield entry.problem(("profile",), what, "take another profile or move the file")
    if site.wireless and not profile.wireless_zones:
        yield entry.problem(("wireless",), f"profile {profile.name} has no wireless_zones", "remove the line")
    unsized = [name for name in site.services or () if profile.sizing.of(name) is None]
    if unsized and not profile.sizing.services:
        yield entry.problem(("services",), f"profile {profile.name} has no services", "remove the line")
    elif unsized:
        what = f"profile {profile.name} has no size for {', '.join(unsized)}"
        yield entry.problem(("services",), what, "write sizing.service or sizing.services in the profile")
    needs = (("terminals", "terminals", site.terminals), ("printers", "printers", site.printers), ("kiosks", "kiosks", site.kiosks))
    for key, zone, written in (*needs, ("partner", "partner", site.partner), ("agents", "field", site.agents)):
        if written and zone not in profile.zones:
            yield entry.problem((key,), f"profile {profile.name} has no zone {zone}", "remove the list or add the zone to the profile")
