"""A topology of many sites for benches: two paths to each, an ONT at each, eight OLTs; every address is on loopback."""

from __future__ import annotations

import json
from ipaddress import IPv4Address

_FIRST = int(IPv4Address("127.2.0.1"))
_OLTS = 8
_PONS = 8
_PON_INDEX = 4194304000
_HUB = {"name": "hub-dakar", "kind": "hub", "title": "Dakar", "region": "Dakar", "latitude": 14.7, "longitude": -17.4, "tier": 1}


def topology(sites: int) -> str:
    """Return the file's text."""
    snmp = {"version": "2c", "credential": "olts"}
    olts = [
        {"name": f"olt-{number}", "kind": "olt", "family": "huawei-xpon", "site": "hub-dakar", "address": "127.0.0.1", "snmp": snmp}
        for number in range(_OLTS)
    ]
    names = [f"commune-{number:04}" for number in range(sites)]
    segments = [{"id": f"hub-{name}", "title": name, "ends": ["hub-dakar", name], "length_km": 40} for name in names]
    made = [_site(name, number) for number, name in enumerate(names)]
    whole = {"format": 1, "vantage": "hub-dakar", "sites": [_HUB, *made], "segments": segments, "devices": olts}
    return json.dumps(whole)


def _site(name: str, number: int) -> dict[str, object]:
    first, second = str(IPv4Address(_FIRST + 2 * number)), str(IPv4Address(_FIRST + 2 * number + 1))
    fibre = {"id": "fibre", "hub": "hub-dakar", "medium": "fibre", "segments": [f"hub-{name}"], "probe": first}
    radio = {"id": "4g", "hub": "hub-dakar", "medium": "radio", "probe": second}
    on_olt = number // _OLTS
    pon = on_olt % _PONS
    ont = {
        "olt": f"olt-{number % _OLTS}",
        "pon": f"0/1/{pon}",
        "pon_index": _PON_INDEX + 256 * pon,
        "number": on_olt // _PONS,
        "optics": "B+",
    }
    place = {"title": name, "region": "Louga", "latitude": 15.0, "longitude": -15.0, "tier": 2}
    return {"name": name, "kind": "centre", "paths": [fibre, radio], "ont": ont, **place}
