"""Stand one site up on its Proxmox VE node: the stack's name is the site's name."""

import pulumi

from provisioner.adapters.pulumi import resources
from provisioner.centre.desired import desired, refuse_strangers

site = desired(pulumi.get_stack())
refuse_strangers(site.plan)

image = resources.image(site)
pool = resources.pool(site)
for machine in site.plan.guests:
    guest = resources.guest(site, machine, image, pool)
    resources.guest_firewall(site, machine, guest)

pulumi.export("plan", site.plan.hash)
