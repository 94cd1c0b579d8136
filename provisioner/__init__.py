"""Teranga: one YAML file becomes a commune service centre."""
