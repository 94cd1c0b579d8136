"""YAML to model: every problem of every file at once, each with file, line and column."""

from provisioner.load.inventory import load

__all__ = ["load"]
