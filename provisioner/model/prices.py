"""What `prices.yml` says: what things cost on which day and by whose word, and how many of each a site takes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StrictFloat, StrictInt, model_validator

from provisioner.model.profile import Kind, day
from provisioner.model.words import Count, Flag, Label, Some, Title, Written, refusal

ESTIMATE = "estimate"
Day = Annotated[date, BeforeValidator(day)]
Percent = Annotated[StrictInt, Field(ge=0, le=100)]


class Counted(StrEnum):
    """What a site has that can be counted; the kinds of its kiosks and equipment count too, by their own names."""

    SITE = "site"
    NODE = "node"
    TERMINALS = "terminals"
    PRINTERS = "printers"
    KIOSKS = "kiosks"
    AGENTS = "agents"
    PORTS = "ports"  # what is plugged into a switch: the node, terminals, printers
    WIRELESS = "wireless"  # 1 where the site has wireless zones
    FIBRE = "uplink-fibre"
    MOBILE = "uplink-4g"


class Dated(Written):
    """A figure with its day and its source: a document, or the word `estimate`."""

    date: Day
    source: Title

    @property
    def estimated(self) -> bool:
        """Return whether nobody vouches for the figure."""
        return self.source.startswith(ESTIMATE)


class Tax(Dated):
    """The value-added tax."""

    percent: Percent


class Energy(Dated):
    """The price of electricity, in francs without tax."""

    fcfa_per_kwh: Annotated[StrictFloat, Field(gt=0)]


class Article(Dated):
    """A thing that is bought, or with `monthly` paid for each month. Francs without tax; `watts` is its average draw."""

    title: Title
    fcfa: Count
    monthly: Flag = False
    watts: Annotated[StrictFloat, Field(ge=0)] = 0.0
    hours: Annotated[StrictInt, Field(ge=0, le=744)] = 730  # a month has 730 on average
    spares: Percent = 0  # of the number in a list of several sites, rounded up


class Need(Written):
    """How many of an article a site takes: one for each `every` of what is counted."""

    article: Label
    per: Label
    every: Some = 1
    kinds: tuple[Kind, ...] = ()  # of sites; empty: all


class Prices(Written):
    """The whole file."""

    format: Literal[1]
    currency: Literal["XOF"]
    vat: Tax
    energy: Energy
    articles: Mapping[Label, Article]
    needs: tuple[Need, ...]

    @model_validator(mode="after")
    def _needs_have_articles(self) -> Self:
        for need in self.needs:
            if need.article not in self.articles:
                raise refusal(f"needs: there is no article `{need.article}`", f"known: {', '.join(sorted(self.articles))}")
        unused = sorted(set(self.articles) - {need.article for need in self.needs})
        if unused:
            raise refusal(f"articles: nothing needs {', '.join(unused)}", "say in needs what it is for, or remove it")
        return self
