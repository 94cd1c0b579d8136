"""YAML to model, with a place in every problem."""
