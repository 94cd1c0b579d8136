"""What can be written in the inventory: pydantic models, frozen, unknown keys refused."""

from provisioner.model.inventory import Inventory
from provisioner.model.national import National
from provisioner.model.profile import FlowRule, Kind, Profile
from provisioner.model.service import Service
from provisioner.model.site import Device, Site
from provisioner.model.size import Room, Size

__all__ = ["Device", "FlowRule", "Inventory", "Kind", "National", "Profile", "Room", "Service", "Site", "Size"]
