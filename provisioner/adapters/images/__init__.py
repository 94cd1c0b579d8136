"""Images: built from a recipe by mmdebstrap, reproducible, without keys or identity."""

from provisioner.adapters.images.build import Image, build, every, find

__all__ = ["Image", "build", "every", "find"]
