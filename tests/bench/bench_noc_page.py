"""The NOC page with every commune of the gazetteer and 65 sites down: its weight, and how long it takes to make.

Milliseconds stand beside those of bare Jinja2, which writes one table with as many cells as the page has sites four
times over (wall, map, tree, SLA), with the same escaping, in the same run.
"""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from jinja2 import Environment

from monitoring.noc import page
from monitoring.noc.assemble import Material, view
from monitoring.noc.page import Visit
from monitoring.noc.query import parse
from monitoring.observed import Reach
from provisioner.places import CHECKOUT
from tests.unit.monitoring_noc.country import NOW, all_up, country, cut, silence

_MOST_BYTES = 300_000
_BARE = "{% for one in sites %}<tr><td>{{ one.name }}</td><td>{{ one.title }}</td><td>{{ one.state }}</td></tr>{% endfor %}"


def _milliseconds(work: Callable[[int], object], times: int = 7) -> float:
    best = float("inf")
    for number in range(times):
        start = time.process_time()
        work(number)
        best = min(best, time.process_time() - start)
    return best * 1000


def measure() -> Mapping[str, float]:
    """Return bytes, and milliseconds of processor: a new page, the same one a moment later, and bare Jinja2."""
    shared = Path(os.environ.get("TERANGA_SHARED") or CHECKOUT.parent / "shared")
    topology = country(shared / "data" / "senegal-communes.csv")
    down = tuple(sorted(site.name for site in topology.sites if site.pole == "pole-tambacounda"))
    observed = silence(all_up(topology), frozenset(down), Reach.DOWN, NOW - 8000)
    shown = view(Material(topology=topology, observed=observed, incidents=(cut(down, segments=("dakar-tambacounda",)),)))

    def made(number: int) -> str:
        return page.page(shown, Visit(now=NOW + number, query=parse(""), token="0" * 64))

    def made_anew(number: int) -> str:
        page.forget()
        return made(number)

    text = made(0).encode()
    whole = _milliseconds(made_anew)
    again = _milliseconds(made)
    bare = Environment(autoescape=True).from_string(_BARE)
    peer = _milliseconds(lambda _: bare.render(sites=shown.sites * 4))
    return {
        "sites": len(shown.sites),
        "page_bytes": len(text),
        "page_bytes_goal": _MOST_BYTES,
        "page_gzip_bytes": len(gzip.compress(text, 5)),
        "view_ms": _milliseconds(lambda _: view(Material(topology=topology, observed=observed))),
        "page_new_ms": whole,
        "page_again_ms": again,
        "bare_jinja_ms": peer,
        "page_new_to_bare_jinja_ratio": whole / peer,
    }
