"""Run the acceptance checks of a site with real packets, from the vantages that there are."""

from provisioner.centre.verify.ports import Agent, Gateway, Place, Session, Vantages, WhereAbouts
from provisioner.centre.verify.run import run
from provisioner.centre.verify.world import World

__all__ = ["Agent", "Gateway", "Place", "Session", "Vantages", "WhereAbouts", "World", "run"]
