"""What a node reports of its first boot: its SSH host keys and its API's authority, which are pinned, and the token it made."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from provisioner import places
from provisioner.adapters.proxmox import adopt
from provisioner.centre.adoption import Credential
from provisioner.centre.install.prepare import password_file
from provisioner.observed import endpoint as endpoints
from provisioner.observed.endpoint import Endpoint
from provisioner.plan.plan import Plan
from provisioner.render import answer

_HOST_KEY = re.compile(r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp256) [A-Za-z0-9+/]+={0,2}")
_MOST = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report whose parts have the right shape."""

    host_keys: tuple[str, ...]
    authority: str  # PEM
    token_id: str
    secret: str
    serial: str


def _part(said: dict[str, object], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or len(value) > _MOST:
        raise ValueError(f"{name} is no text")
    return value


def parse(body: bytes) -> Report:
    """Return the report; raise ValueError with what is wrong with it."""
    said = json.loads(body)
    if not isinstance(said, dict):
        raise ValueError("it is no object")  # noqa: TRY004  for the caller all of these are a bad body
    keys = tuple(found[0] for line in _part(said, "host_keys").splitlines() if (found := _HOST_KEY.match(line)))
    if not keys:
        raise ValueError("it holds no SSH host key")
    authority = _part(said, "authority")
    x509.load_pem_x509_certificate(authority.encode())
    token = json.loads(_part(said, "token"))
    if not isinstance(token, dict) or not token.get("full-tokenid") or not token.get("value"):
        raise ValueError("it holds no API token")
    return Report(
        host_keys=keys, authority=authority, token_id=str(token["full-tokenid"]), secret=str(token["value"]), serial=_part(said, "serial")
    )


def adoption(plan: Plan) -> adopt.Adoption:
    """Return what the site needs of its node."""
    return adopt.Adoption(site=plan.site, node=plan.node, datastore=plan.datastore, bridge=plan.bridge, pool=plan.pool)


def url(plan: Plan) -> str:
    """Return the address of the node's API."""
    return f"https://{answer.node_address(plan).ip}:{answer.API_PORT}"


def _authority(site: str) -> Path:
    return places.site(site).root / "node-ca.pem"


def node_known_hosts(site: str) -> Path:
    """Return the file with the node's own pinned SSH host keys."""
    return places.site(site).root / "node_known_hosts"


def take(plan: Plan, report: Report) -> None:
    """Pin the keys, keep the token and write the site's endpoint; raise ValueError if the token is another site's."""
    wanted = f"{adopt.user_id(adoption(plan))}!{adopt.TOKEN_NAME}"
    if report.token_id != wanted:
        raise ValueError(f"its token is {report.token_id}, not {wanted}")
    kept = places.site(plan.site)
    names = f"{answer.node_address(plan).ip},{answer.fqdn(plan)}"
    places.write(node_known_hosts(plan.site), "".join(f"{names} {key}\n" for key in report.host_keys), 0o644)
    places.write(_authority(plan.site), report.authority, 0o644)
    places.write(kept.root / "proxmox-ca.pem", report.authority, 0o644)
    places.write(kept.token, report.secret + "\n")
    at = Endpoint(
        url=url(plan),
        node=plan.node,
        datastore=plan.datastore,
        bridge=plan.bridge,
        token_id=report.token_id,
        token_file=str(kept.token),
        ca_file=str(kept.root / "proxmox-ca.pem"),
    )
    places.write(kept.endpoint, endpoints.to_json(at), 0o644)


def credential(plan: Plan) -> Credential | None:
    """Return the credential of a node that reported its first boot; None before."""
    if not _authority(plan.site).exists() or not password_file(plan.site).exists():
        return None
    return Credential(url=url(plan), user="root@pam", password_file=password_file(plan.site), ca_file=_authority(plan.site))
