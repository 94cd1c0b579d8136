"""What can be written in the inventory: pydantic models, frozen, unknown keys refused."""

from provisioner.model.commune import Commune
from provisioner.model.fibre import Fibre
from provisioner.model.inventory import Inventory
from provisioner.model.national import Country, National
from provisioner.model.prices import Prices
from provisioner.model.profile import FlowRule, Kind, Profile
from provisioner.model.service import Runs, Service
from provisioner.model.site import Agent, Device, Equipment, Kiosk, Site
from provisioner.model.size import Room, Size

__all__ = [
    "Agent",
    "Commune",
    "Country",
    "Device",
    "Equipment",
    "Fibre",
    "FlowRule",
    "Inventory",
    "Kind",
    "Kiosk",
    "National",
    "Prices",
    "Profile",
    "Room",
    "Runs",
    "Service",
    "Site",
    "Size",
]
