"""What a site's stack is made from: its plan, the image at hand, control's public key; and the guard against strangers."""

from __future__ import annotations

from provisioner import places
from provisioner.adapters import images
from provisioner.adapters.proxmox import observe, token_session
from provisioner.adapters.pulumi.resources import Desired
from provisioner.centre import adopted
from provisioner.centre.keys import control_key
from provisioner.errors import FindingError, Problem, raise_all
from provisioner.load import load
from provisioner.observed import endpoint as endpoints
from provisioner.observed.endpoint import Endpoint
from provisioner.observed.guests import strangers
from provisioner.plan import build
from provisioner.plan.plan import Plan


def plan(site: str) -> Plan:
    """Return the plan of a site from the inventory in use."""
    return build(load(places.inventory(), places.values()), site)


def endpoint(site: str) -> Endpoint:
    """Return where the site's API is; raise FindingError before the node was adopted."""
    file = places.site(site).endpoint
    if not file.exists():
        raise FindingError(
            Problem(
                where=site,
                what="its Proxmox node is not adopted yet",
                hint=f"run `teranga node adopt {site}` (in the lab: `teranga lab up {site}` first)",
            )
        )
    return endpoints.from_json(file.read_text())


def desired(site: str) -> Desired:
    """Return what the stack of `site` needs; raise FindingError if its image is not built."""
    wanted = plan(site)
    name = wanted.guests[0].image  # its profile's, for every guest
    found = images.find(name)
    if found is None:
        raise FindingError(Problem(where=f"image {name}", what="it is not built", hint=f"run `teranga image build {name}`"))
    return Desired(plan=wanted, image=found.path, ssh_public_key=control_key(site), disks=adopted.disks(site))


def refuse_strangers(of: Plan) -> None:
    """Raise FindingError if a guest that is not the plan's holds one of its VMIDs, before anything changes."""
    session = token_session(endpoint(of.site))
    vmids = [guest.vmid for guest in of.guests]
    raise_all(FindingError, strangers(of, observe.guests(session, vmids), observe.hidden(session, vmids)))
