"""The bill of materials of sites and what it costs: counted from the inventory, priced from the operator's list. No clock, no I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

from provisioner.model import Inventory, Site
from provisioner.model.prices import Article, Counted, Prices

_KILO = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One article of a bill. Francs without tax; `kwh` a month."""

    article: str
    title: str
    quantity: int
    spares: int
    unit: int
    monthly: bool
    kwh: float
    priced_on: date
    source: str

    @property
    def total(self) -> int:
        """Return what it costs with its spares; of a monthly one, each month."""
        return (self.quantity + self.spares) * self.unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What sites take and cost. Francs; tax is rounded to the franc once, on the sum."""

    sites: tuple[str, ...]
    lines: tuple[Line, ...]
    unpriced: tuple[tuple[str, int], ...]  # what the sites have and no article is for
    vat_percent: int
    fcfa_per_kwh: float

    @property
    def once(self) -> int:
        """Return the purchase without tax."""
        return sum(line.total for line in self.lines if not line.monthly)

    @property
    def vat(self) -> int:
        """Return the tax on the purchase."""
        return round(self.once * self.vat_percent / 100)

    @property
    def monthly(self) -> int:
        """Return the subscriptions of a month without tax."""
        return sum(line.total for line in self.lines if line.monthly)

    @property
    def kwh(self) -> float:
        """Return the energy of a month; spares draw none."""
        return sum(line.kwh for line in self.lines)

    @property
    def energy(self) -> int:
        """Return the price of a month's energy without tax."""
        return round(self.kwh * self.fcfa_per_kwh)

    @property
    def estimated(self) -> int:
        """Return how many of the lines nobody vouches for."""
        return sum(1 for line in self.lines if line.source.startswith("estimate"))


def counted(inventory: Inventory, site: Site) -> Mapping[str, int]:
    """Return how many of each thing a site has."""
    zones = inventory.zones_of(site)
    found = Counter(
        {
            Counted.SITE.value: 1,
            Counted.NODE.value: 1,
            Counted.TERMINALS.value: len(site.terminals),
            Counted.PRINTERS.value: len(site.printers),
            Counted.KIOSKS.value: len(site.kiosks),
            Counted.AGENTS.value: len(site.agents),
            Counted.PORTS.value: 1 + len(site.terminals) + len(site.printers),
            Counted.WIRELESS.value: int(any(zone.endswith("-wifi") for zone in zones) or bool(site.kiosks)),
        }
    )
    found.update(f"uplink-{name}" for name in inventory.uplinks_of(site))
    found.update(kiosk.kind.value for kiosk in site.kiosks)
    found.update(thing.kind for thing in site.equipment)
    return found


def bill(inventory: Inventory, sites: Sequence[str], prices: Prices) -> Bill:
    """Return the bill of sites, its lines in the order of the price list."""
    wanted: Counter[str] = Counter()
    unpriced: Counter[str] = Counter()
    for name in sites:
        site = inventory.sites[name]
        there, known = counted(inventory, site), {need.per for need in prices.needs}
        for need in prices.needs:
            if not need.kinds or site.kind in need.kinds:
                wanted[need.article] += ceil(there.get(need.per, 0) / need.every)
        things = [kiosk.kind.value for kiosk in site.kiosks] + [thing.kind for thing in site.equipment]
        unpriced.update(thing for thing in things if thing not in known)
    shared = len(sites) > 1  # spares are kept for many sites together, never one for each
    lines = [_line(name, article, wanted[name], shared=shared) for name, article in prices.articles.items() if wanted[name]]
    return Bill(
        sites=tuple(sites),
        lines=tuple(lines),
        unpriced=tuple(sorted(unpriced.items())),
        vat_percent=prices.vat.percent,
        fcfa_per_kwh=prices.energy.fcfa_per_kwh,
    )


def _line(name: str, article: Article, quantity: int, *, shared: bool) -> Line:
    return Line(
        article=name,
        title=article.title,
        quantity=quantity,
        spares=ceil(quantity * article.spares / 100) if shared else 0,
        unit=article.fcfa,
        monthly=article.monthly,
        kwh=quantity * article.watts * article.hours / _KILO,
        priced_on=article.date,
        source=article.source,
    )
