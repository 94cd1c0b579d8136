"""Model to plan: pure, hashed."""

from provisioner.plan.build import build, outline
from provisioner.plan.encode import canonical, from_json, to_json
from provisioner.plan.plan import Plan

__all__ = ["Plan", "build", "canonical", "from_json", "outline", "to_json"]
