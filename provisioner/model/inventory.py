"""The whole inventory: every file, validated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioner.model.commune import Commune
from provisioner.model.fibre import Fibre
from provisioner.model.national import Country, National
from provisioner.model.profile import Kind, Profile
from provisioner.model.service import Service
from provisioner.model.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Everything people wrote, by name; the order of the names is alphabetical."""

    national: National
    profiles: Mapping[str, Profile]
    services: Mapping[str, Service]
    sites: Mapping[str, Site]
    images: frozenset[str]
    countries: Mapping[str, Country] = field(default_factory=dict)
    communes: Mapping[str, Commune] = field(default_factory=dict)
    fibre: Fibre = field(default_factory=Fibre)

    def national_of(self, site: Site) -> National:
        """Return the rules that hold for a site: its country's numbers."""
        return self.national if site.country is None else self.national.within(self.countries[site.country])

    def profile(self, site: Site) -> Profile:
        """Return the profile of a site."""
        return self.profiles[site.profile]

    def served_by(self, pole: Site) -> tuple[Site, ...]:
        """Return the centres that name a pole, by name."""
        if pole.kind is not Kind.POLE:
            return ()
        return tuple(site for _, site in sorted(self.sites.items()) if site.pole == pole.name)

    def commune_of(self, site: Site) -> Commune | None:
        """Return the line of a site's commune: the one it names, else the one with its own name."""
        return self.communes.get(site.commune or site.name)

    def services_of(self, site: Site) -> tuple[Service, ...]:
        """Return the services of a site, by number."""
        names = self.profile(site).services if site.services is None else site.services
        return tuple(sorted((self.services[name] for name in names), key=lambda service: service.number))

    def hubs_of(self, site: Site) -> tuple[str, ...]:
        """Return the hubs of a site, first choice first; a hub has none."""
        if site.kind is Kind.HUB:
            return ()
        return self.national_of(site).hubs if site.hubs is None else site.hubs

    def uplinks_of(self, site: Site) -> tuple[str, ...]:
        """Return the names of a site's uplinks, in the order of their index."""
        names = self.profile(site).uplinks if site.uplinks is None else site.uplinks
        uplinks = self.national_of(site).uplinks
        return tuple(sorted(names, key=lambda name: uplinks[name].index))

    def zones_of(self, site: Site) -> frozenset[str]:
        """Return the names of a site's zones."""
        profile = self.profile(site)
        return frozenset(profile.zones + (profile.wireless_zones if site.wireless else ()))
