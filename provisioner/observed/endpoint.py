"""Where a site's Proxmox API is, and how control reaches its guests. Written by `node adopt`; holds no secret."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One Proxmox VE node as a site's tools see it."""

    url: str  # https://host:port
    node: str
    datastore: str
    bridge: str
    token_id: str  # user@realm!name; the secret is in the site's token file
    token_file: str
    ca_file: str  # the certificate that is trusted, and no other
    ssh_proxy: tuple[str, ...] = ()  # ssh's ProxyCommand as words, with %h and %p; empty: a direct route

    @property
    def host(self) -> str:
        """Return host:port of the API."""
        return self.url.removeprefix("https://").rstrip("/")


def to_json(endpoint: Endpoint) -> str:
    """Return the endpoint as JSON, one key a line."""
    return json.dumps(asdict(endpoint), indent=2) + "\n"


def from_json(text: str) -> Endpoint:
    """Return the endpoint that `to_json` wrote."""
    fields = json.loads(text)
    return Endpoint(**(fields | {"ssh_proxy": tuple(fields["ssh_proxy"])}))
