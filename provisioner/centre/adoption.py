"""Adopt a site's node: with the node's own credential, once; leaves the site's endpoint and token."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from provisioner import places
from provisioner.adapters.proxmox import adopt as node
from provisioner.adapters.proxmox import password_session, token_session
from provisioner.centre.desired import plan
from provisioner.errors import FindingError, Problem, TerangaError
from provisioner.lab import access
from provisioner.observed import endpoint as endpoints
from provisioner.observed.endpoint import Endpoint
from provisioner.plan.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """The node's own credential, and the way to it."""

    url: str
    user: str
    password_file: Path
    ca_file: Path
    ssh_proxy: tuple[str, ...] = ()


def lab_credential(site: str) -> Credential:
    """Return the credential of the site's node in the lab; raise FindingError if there is none."""
    at = access.of(site)
    if at is None:
        raise FindingError(
            Problem(
                where=site,
                what="its node is not in the lab",
                hint=f"run `teranga lab up {site}`, or give --url, --password-file and --ca-file of a real node",
            )
        )
    return Credential(url=at.url, user="root@pam", password_file=at.password_file, ca_file=at.ca_file, ssh_proxy=at.ssh_proxy)


def task(wanted: Plan, bridge_ports: str = "") -> node.Adoption:
    """Return what a site needs of its node."""
    return node.Adoption(
        site=wanted.site,
        node=wanted.node,
        datastore=wanted.datastore,
        bridge=wanted.bridge,
        pool=wanted.pool,
        bridge_ports=bridge_ports,
    )


def adopt(site: str, credential: Credential, bridge_ports: str) -> tuple[str, ...]:
    """Adopt the node of `site`; return what was done, in words."""
    wanted, kept = plan(site), places.site(site)
    if _on_loopback(credential.url):
        refuse_rehearsal_of_the_real(site)
    session = password_session(credential.url, credential.user, credential.password_file, credential.ca_file)
    token, done = node.adopt(session, task(wanted, bridge_ports))
    ca = kept.root / "proxmox-ca.pem"
    places.write(kept.token, token.secret + "\n", 0o600)
    places.write(ca, credential.ca_file.read_text(), 0o644)
    at = Endpoint(
        url=credential.url,
        node=wanted.node,
        datastore=wanted.datastore,
        bridge=wanted.bridge,
        token_id=token.id,
        token_file=str(kept.token),
        ca_file=str(ca),
        ssh_proxy=credential.ssh_proxy,
    )
    places.write(kept.endpoint, endpoints.to_json(at), 0o644)
    return tuple(f"{wanted.node}: {line}" for line in done)


def _on_loopback(url: str) -> bool:
    return url.startswith("https://127.0.0.1:")


def refuse_rehearsal_of_the_real(site: str) -> None:
    """Raise FindingError if this state holds the access to the site's real node: a rehearsal must neither change nor replace it."""
    file = places.site(site).endpoint
    if file.exists() and not _on_loopback(url := endpoints.from_json(file.read_text()).url):
        raise FindingError(
            Problem(
                where=site,
                what=f"its node is the real one at {url}; a rehearsal would work on it, or take its place",
                hint="rehearse in a state of its own: TERANGA_STATE=/var/tmp/rehearsal",
            )
        )


def adopted(site: str) -> bool:
    """Return whether the site has an endpoint whose token the node accepts."""
    file = places.site(site).endpoint
    if not file.exists():
        return False
    try:
        token_session(endpoints.from_json(file.read_text())).get("/version")
    except TerangaError:
        return False
    return True
