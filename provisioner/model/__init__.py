"""What can be written in the inventory: pydantic models, frozen, unknown keys refused."""

from provisioner.model.inventory import Inventory
from provisioner.model.national import National
from provisioner.model.profile import FlowRule, Kind, Profile, Size
from provisioner.model.service import Service
from provisioner.model.site import Device, Site

__all__ = ["Device", "FlowRule", "Inventory", "Kind", "National", "Profile", "Service", "Site", "Size"]
