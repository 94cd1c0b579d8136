"""Images: built from a recipe by mmdebstrap, reproducible, without keys or identity."""

from provisioner.adapters.images.build import build, rebuild
from provisioner.adapters.images.image import Image, every, find

__all__ = ["Image", "build", "every", "find", "rebuild"]
