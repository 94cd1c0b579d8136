"""A topology as the file that the exporter reads."""

from __future__ import annotations

import json
from dataclasses import asdict
from ipaddress import IPv4Address

from monitoring.topology import FORMAT, Topology


def text_of(topology: Topology) -> str:
    """Return the file's text."""

    def plain(value: object) -> str:
        assert isinstance(value, IPv4Address)
        return str(value)

    return json.dumps({"format": FORMAT, **asdict(topology)}, default=plain)
