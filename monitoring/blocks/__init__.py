"""Observations as blocks of samples: one module per kind of observation."""
