"""Run the acceptance checks of a site with real packets, from the vantages that there are."""

from provisioner.centre.verify.ports import Agent, Gateway, Place, Session, Vantages, WhereAbouts
from provisioner.centre.verify.run import World, run

__all__ = ["Agent", "Gateway", "Place", "Session", "Vantages", "WhereAbouts", "World", "run"]
